"""What Moodle gives: participants, grades, grading worksheets and the zips of an assignment, in the lecturer's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from practicum.demo.platforms.people import Assignment, Person, PlatformClass, Submitted
from practicum.demo.platforms.written import DAYS, MONTHS, Written, number, write_rows, write_zip

Form = Literal["folders", "flat", "old"]
_FORMULA = "=+-@"


@dataclass(frozen=True)
class _Language:
    """The words of a language: headings of the exports, headings of the worksheet, and how it writes a date."""

    person: tuple[str, str, str, str]  # given name, family name, ID number, e-mail
    places: tuple[str, str]  # institution, department
    item: str
    downloaded: str
    identifier: tuple[str, str]  # identifier, full name
    worksheet: tuple[str, ...]  # status, grade, maximum, can be changed, submitted, text, graded, comments
    status: tuple[str, str]  # submitted, nothing submitted
    yes: str
    group: str
    participant: str
    text_file: str
    decimal: str
    date: Callable[[datetime], str]


_DE_DAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
_DE_MONTHS = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
)
_FR_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_FR_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


def _en(at: datetime) -> str:
    clock = f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}"
    return f"{DAYS[at.weekday()]}, {at.day} {MONTHS[at.month - 1]} {at.year}, {clock}"


LANGUAGES = {
    "en": _Language(
        ("First name", "Last name", "ID number", "Email address"),
        ("Institution", "Department"),
        "Assignment: {} (Real)",
        "Last downloaded from this course",
        ("Identifier", "Full name"),
        ("Status", "Grade", "Maximum grade", "Grade can be changed", "Last modified (submission)", "Online text",
         "Last modified (grade)", "Feedback comments"),
        ("Submitted for grading", "No submission"),
        "Yes", "Group", "Participant ", "onlinetext.html", ".", _en,
    ),
    "de": _Language(
        ("Vorname", "Nachname", "ID-Nummer", "E-Mail-Adresse"),
        ("Institution", "Abteilung"),
        "Aufgabe: {} (Punkte)",
        "Zuletzt aus diesem Kurs geladen",
        ("ID", "Vollständiger Name"),
        ("Status", "Bewertung", "Bestwertung", "Bewertung kann geändert werden", "Zuletzt geändert (Abgabe)",
         "Texteingabe online", "Zuletzt geändert (Bewertung)", "Feedback als Kommentar"),
        ("Zur Bewertung abgegeben", "Keine Abgabe"),
        "Ja", "Gruppe", "Teilnehmer/in", "onlinetext.html", ",",
        lambda at: f"{_DE_DAYS[at.weekday()]}, {at.day}. {_DE_MONTHS[at.month - 1]} {at.year}, {at:%H:%M}",
    ),
    "fr": _Language(
        ("Prénom", "Nom de famille", "Numéro d’identification", "Adresse de courriel"),
        ("Institution", "Département"),
        "Devoir {} (Brut)",
        "Dernier téléchargement depuis ce cours",
        ("Identifiant", "Nom complet"),
        ("Statut", "Note", "Note maximale", "La note peut être modifiée", "Dernière modification (travail remis)",
         "Texte en ligne", "Dernière modification (note)", "Feedback par commentaires"),
        ("Remis pour évaluation", "Aucun travail remis"),
        "Oui", "Groupe", "Participant", "texteenligne.html", ",",
        lambda at: f"{_FR_DAYS[at.weekday()]} {at.day} {_FR_MONTHS[at.month - 1]} {at.year}, {at:%H:%M}",
    ),
    "zh_cn": _Language(
        ("名", "姓", "学号", "电子邮件地址"),
        ("机构", "系别"),
        "作业：{} (分数)",
        "最近从本课程下载的",
        ("标识符", "全名"),
        ("状态", "成绩", "最高分", "成绩可以更改", "上次修改（作业）", "在线文本", "上次修改（评分）", "反馈意见"),
        ("已提交评分", "没有提交"),
        "是", "小组", "参与人", "onlinetext.html", ".",
        lambda at: f"{at.year}年{at.month}月{at.day}日 星期{'一二三四五六日'[at.weekday()]} {at:%H:%M}",
    ),
}  # fmt: skip


def write_moodle(
    class_: PlatformClass,
    folder: Path,
    *,
    language: str = "en",
    form: Form = "folders",
    blind: bool = False,
    surname: bool = False,
    separator: str = ",",
) -> Written:
    """Write what a lecturer downloads from Moodle.

    Args:
        class_: the class.
        folder: where to write.
        language: the lecturer's: `en`, `de`, `fr` or `zh_cn`.
        form: the zip has folders, is flat, or has folders whose names end in `_`, as before 4.1.
        blind: submissions without names.
        surname: the heading `Surname` of older versions in place of `Last name`.
        separator: of the grades' export: comma, tab, semicolon or colon.
    """
    words = LANGUAGES[language]
    given, family, number_, email = words.person
    person = (given, "Surname" if surname and language == "en" else family, number_, email)
    written = Written()
    rows = [person, *((p.given, p.family, p.id, p.email) for p in class_.people)]
    written.rosters["participants"] = write_rows(folder / "courseid_4_participants.csv", rows, encoding="utf-8-sig")
    written.rosters["grades"] = write_rows(
        folder / f"{class_.course} Grades-{class_.downloaded:%Y%m%d_%H%M}.csv",
        _grades(class_, words, person),
        separator=separator,
    )
    for each in class_.assignments:
        name = f"{class_.course}-{each.title}-{each.number}"
        written.worksheets[each.title] = write_rows(
            folder / f"Grades-{name}.csv", _worksheet(class_, each, words, blind), encoding="utf-8-sig"
        )
        entries = _submissions(class_, each, words, form, blind)
        written.submissions[each.title] = write_zip(folder / f"{name}.zip", entries, class_.downloaded)
    return written


def _grades(class_: PlatformClass, words: _Language, person: tuple[str, str, str, str]) -> Iterator[list[str]]:
    given, family, own, email = person
    yield [given, family, own, *words.places, email, *(words.item.format(a.title) for a in class_.assignments), words.downloaded]
    for p in class_.people:
        who = [f"'{cell}" if cell and cell[0] in _FORMULA else cell for cell in (p.given, p.family, p.id, "", "", p.email)]
        yield [*who, *(_grade(a, p, words) or "-" for a in class_.assignments), str(int(class_.downloaded.timestamp()))]


def _worksheet(class_: PlatformClass, assignment: Assignment, words: _Language, blind: bool) -> Iterator[list[str]]:
    names = [] if blind else [words.identifier[1], *words.person[2:]]
    status, *others = words.worksheet
    yield [words.identifier[0], *names, status, *([words.group] if assignment.teams else []), *others]
    for person in class_.people:
        newest = _newest(class_, assignment, person)
        who = [] if blind else [person.full, person.id, person.email]
        group = [assignment.teams.get(person.id, "Default group")] if assignment.teams else []
        grade = _grade(assignment, person, words)
        yield [
            f"{words.participant}{assignment.participant(person)}", *who, words.status[newest is None], *group,
            grade, number(assignment.points, words.decimal), words.yes,
            words.date(newest.at.astimezone(assignment.due.tzinfo)) if newest else "-",
            _text(newest) if newest else "", words.date(class_.downloaded) if grade else "-", "",
        ]  # fmt: skip


def _grade(assignment: Assignment, person: Person, words: _Language) -> str:
    score = assignment.scores.get(person.id)
    return number(score, words.decimal) if isinstance(score, Decimal) else ""


def _newest(class_: PlatformClass, assignment: Assignment, person: Person) -> Submitted | None:
    """Return a person's newest attempt, or their team's."""
    team = assignment.teams.get(person.id)
    members = [p.id for p in class_.people if assignment.teams.get(p.id) == team] if team else [person.id]
    return max((s for m in members for s in assignment.submissions.get(m, ())), key=lambda s: s.at, default=None)


def _submissions(
    class_: PlatformClass, assignment: Assignment, words: _Language, form: Form, blind: bool
) -> Iterator[tuple[str, bytes]]:
    seen = set()
    for person in class_.people:
        start, newest = _start(assignment, person, words, blind), _newest(class_, assignment, person)
        if newest is None or start in seen:
            continue
        seen.add(start)
        parts = [("file", name, data) for name, data in newest.files.items()]
        if text := _text(newest):
            parts.append(("onlinetext", words.text_file, text.encode()))
        for plugin, name, data in parts:
            between = {"folders": "/", "flat": "_", "old": "_/"}[form]
            inside = [_clean(part) for part in name.split("/")]
            yield f"{start}_assignsubmission_{plugin}{between}{inside[-1] if form == 'flat' else '/'.join(inside)}", data


def _start(assignment: Assignment, person: Person, words: _Language, blind: bool) -> str:
    if assignment.teams:
        team = assignment.teams.get(person.id)
        return f"{_clean(team.replace('_', ' '))}_{assignment.group(team)}" if team else "Default group"
    name = words.participant.strip() if blind else person.full.replace("_", " ")
    return f"{_clean(name)}_{assignment.participant(person)}"


def _clean(name: str) -> str:
    return re.sub(r"""[&<>"'|:\\/`]""", "", name)


def _text(submitted: Submitted) -> str:
    """Return what stands in the field for text. Moodle has no field for a link, so students paste it there."""
    return f"<p>{submitted.text or submitted.link}</p>" if submitted.text or submitted.link else ""
