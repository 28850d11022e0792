"""The invented downloads have the shapes of true ones, to the letter where an example of a true one is known."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from practicum.demo.platforms import (
    Assignment,
    Person,
    PlatformClass,
    Submitted,
    Written,
    invented_class,
    invented_people,
    write_blackboard,
    write_canvas,
    write_moodle,
)

BERLIN = ZoneInfo("Europe/Berlin")
DUE = datetime(2026, 11, 8, 23, 59, tzinfo=BERLIN)
AT = datetime(2026, 11, 8, 23, 30, tzinfo=BERLIN)
LATE = datetime(2026, 11, 9, 7, 0, tzinfo=BERLIN)
DOWNLOADED = datetime(2026, 11, 9, 8, 0, tzinfo=BERLIN)
JO = Person("s0001", "jdoe", "Jo", "Doe", "jo@uni.example", ("Lab A", "Lab B"), 4711, "s0001")
ANN = Person("s0002", "ann", "Ann", "Doe-Smith", "ann@uni.example", ("Lab A",), 4712, "chan_t_m")


def of(*submitted: Submitted, person: Person = JO, **more: object) -> PlatformClass:
    """A class whose only assignment is Lab 1, with what one person submitted."""
    lab = Assignment("Lab 1", 901, DUE, {person.id: submitted}, **more)  # type: ignore[arg-type]
    return PlatformClass([JO, ANN], [lab], DOWNLOADED, "COURSE")


def entries(written: Written) -> dict[str, str]:
    """Return what is in the zip of Lab 1, by name."""
    with zipfile.ZipFile(written.submissions["Lab 1"]) as archive:
        assert {info.date_time for info in archive.infolist()} <= {(2026, 11, 9, 8, 0, 0)}, "the moment of the download"
        return {info.filename: archive.read(info).decode() for info in archive.infolist()}


def numbered(person: Person) -> str:
    return str(of().assignments[0].participant(person))


def test_canvas_gradebook_is_as_exported(tmp_path: Path) -> None:
    labs = [
        Assignment("Lab 1", 901, DUE, {}, scores={"s0001": Decimal("8.5")}, manual_posting=True),
        Assignment("Lab 2", 902, DUE, {}, scores={"s0001": None}),
    ]
    class_ = PlatformClass([JO], labs, DOWNLOADED)
    text = write_canvas(class_, tmp_path, totals=()).rosters["gradebook"].read_text("utf-8")
    assert text.splitlines()[:4] == [
        "Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (901),Lab 2 (902)",
        ",,,,,Manual Posting,",
        "    Points Possible,,,,,10.00,10.00",
        '"Doe, Jo",4711,s0001,jdoe,Lab A and Lab B,8.50,EX',
    ]
    assert text.splitlines()[4].startswith('"Student, Test",')
    assert len(text.splitlines()) == 5


def test_canvas_gradebook_by_the_lecturers_settings(tmp_path: Path) -> None:
    class_ = of(scores={"s0001": Decimal("8.5")})
    written = write_canvas(
        class_, tmp_path, semicolon=True, bom=True, split_names=True, columns=("ID", "SIS Login ID"), and_="und"
    )
    data = written.rosters["gradebook"].read_bytes()
    assert data.startswith(b"\xef\xbb\xbfLastName;FirstName;ID;SIS Login ID;Section;Lab 1 (901);Current Score;Final Score\n")
    lines = data.decode("utf-8-sig").splitlines()
    assert lines[1] == "    Points Possible;;;;;10,00;(read only);(read only)"
    assert lines[2] == "Doe;Jo;4711;jdoe;Lab A und Lab B;8,50;;"
    anonymous = write_canvas(class_, tmp_path, anonymous=True).rosters["gradebook"].read_text("utf-8")
    assert '"Doe, Jo",4711,s0001,jdoe,Lab A and Lab B,N/A,,' in anonymous


@pytest.mark.parametrize(
    ("submitted", "names"),
    [
        ([Submitted(AT, {"lab1.py": b""})], ["doejo_4711_998_lab1.py"]),
        ([Submitted(AT, {"lab1.ipynb": b"1"}), Submitted(LATE, {"a.py": b"", "lab1.ipynb": b"2"})],
         ["doejo_LATE_4711_998_a.py", "doejo_LATE_4711_1002_lab1-1.ipynb"]),
        ([Submitted(AT, text="Hello")], ["doejo_4711_text.html"]),
        ([Submitted(LATE, link="https://a.example")], ["doejo_LATE_4711_link.html"]),
        ([Submitted(AT, {'a:b?"<x>|*\\.py': b""})], ["doejo_4711_998_a_b___x____.py"]),
    ],
)  # fmt: skip
def test_canvas_names(tmp_path: Path, submitted: list[Submitted], names: list[str]) -> None:
    assert list(entries(write_canvas(of(*submitted), tmp_path))) == names


def test_canvas_names_of_others(tmp_path: Path) -> None:
    work = Submitted(LATE, {"lab1.py": b"x"})
    assert list(entries(write_canvas(of(work, person=ANN), tmp_path))) == ["doesmithann_LATE_4712_998_lab1.py"]
    team = of(replace(work, at=AT, files={"a.py": b""}), teams={"s0001": "Group 7", "s0002": "Group 7"})
    assert list(entries(write_canvas(team, tmp_path))) == ["group_7_4711_998_a.py"]
    [name] = entries(write_canvas(of(work), tmp_path, anonymous=True))
    late, anon, who, file, rest = name.split("_")
    assert (late, anon, len(who), file, rest) == ("LATE", "anon", 5, "998", "lab1.py")
    assert (
        entries(write_canvas(of(Submitted(AT, link="https://a.example/?a=1&b=2")), tmp_path)).popitem()[1].count("a=1&amp;b=2")
        == 2
    )


def test_moodle_zip_in_every_form(tmp_path: Path) -> None:
    jo = numbered(JO)
    class_ = of(Submitted(AT, {"lab1.py": b"x"}, text="Hello"))
    file, text = f"Jo Doe_{jo}_assignsubmission_file", f"Jo Doe_{jo}_assignsubmission_onlinetext"
    assert list(entries(write_moodle(class_, tmp_path))) == [f"{file}/lab1.py", f"{text}/onlinetext.html"]
    assert list(entries(write_moodle(class_, tmp_path, form="old"))) == [f"{file}_/lab1.py", f"{text}_/onlinetext.html"]
    assert list(entries(write_moodle(class_, tmp_path, form="flat"))) == [f"{file}_lab1.py", f"{text}_onlinetext.html"]
    french = write_moodle(class_, tmp_path, language="fr", form="flat")
    assert list(entries(french)) == [f"{file}_lab1.py", f"{text}_texteenligne.html"]
    for language, word in {"en": "Participant", "de": "Teilnehmerin", "fr": "Participant", "zh_cn": "参与人"}.items():
        blind = entries(write_moodle(class_, tmp_path, language=language, form="flat", blind=True))
        assert f"{word}_{jo}_assignsubmission_file_lab1.py" in blind
    deep = of(Submitted(AT, {"dir/lab1.py": b"x"}))
    assert list(entries(write_moodle(deep, tmp_path))) == [f"{file}/dir/lab1.py"]
    assert list(entries(write_moodle(deep, tmp_path, form="flat"))) == [f"{file}_lab1.py"]
    odd = replace(ANN, given="A_n/n", family='D&"o`e')
    assert list(entries(write_moodle(replace(of(Submitted(AT, {"a.py": b""}), person=ANN), people=[odd]), tmp_path))) == [
        f"A nn Doe_{numbered(ANN)}_assignsubmission_file/a.py"
    ]


def test_moodle_zip_of_teams(tmp_path: Path) -> None:
    work = {"s0001": [Submitted(AT, {"a.py": b"team"})], "s0002": [Submitted(LATE, {"a.py": b"alone"})]}
    class_ = PlatformClass([JO, ANN], [Assignment("Lab 1", 901, DUE, work, {"s0001": "Group A"})], DOWNLOADED)
    assert entries(write_moodle(class_, tmp_path)) == {
        "Group A_77_assignsubmission_file/a.py": "team",
        "Default group_assignsubmission_file/a.py": "alone",
    }
    both = replace(class_.assignments[0], teams={"s0001": "Group A", "s0002": "Group A"})
    written = write_moodle(replace(class_, assignments=[both]), tmp_path)
    assert entries(written) == {"Group A_77_assignsubmission_file/a.py": "alone"}, "the team's newest, once"
    assert ",Group A," in written.worksheets["Lab 1"].read_text("utf-8-sig").splitlines()[1]


@pytest.mark.parametrize(
    ("language", "participants", "grades", "worksheet", "participant", "date"),
    [
        ("en", "First name,Last name,ID number,Email address", "Assignment: Lab 1 (Real),Last downloaded from this course",
         ["Identifier", "Full name", "Grade", "Last modified (submission)", "Last modified (grade)", "Feedback comments"],
         "Participant {}", "Sunday, 8 November 2026, 11:30 PM"),
        ("de", "Vorname,Nachname,ID-Nummer,E-Mail-Adresse", "Aufgabe: Lab 1 (Punkte),Zuletzt aus diesem Kurs geladen",
         ["ID", "Vollständiger Name", "Bewertung", "Zuletzt geändert (Abgabe)", "Zuletzt geändert (Bewertung)",
          "Feedback als Kommentar"],
         "Teilnehmer/in{}", "Sonntag, 8. November 2026, 23:30"),
        ("fr", "Prénom,Nom de famille,Numéro d’identification,Adresse de courriel",
         "Devoir Lab 1 (Brut),Dernier téléchargement depuis ce cours",
         ["Identifiant", "Nom complet", "Note", "Dernière modification (travail remis)", "Dernière modification (note)",
          "Feedback par commentaires"],
         "Participant{}", "dimanche 8 novembre 2026, 23:30"),
        ("zh_cn", "名,姓,学号,电子邮件地址", "作业：Lab 1 (分数),最近从本课程下载的",
         ["标识符", "全名", "成绩", "上次修改（作业）", "上次修改（评分）", "反馈意见"],
         "参与人{}", "2026年11月8日 星期日 23:30"),
    ],
)  # fmt: skip
def test_moodle_tables(
    tmp_path: Path, language: str, participants: str, grades: str, worksheet: list[str], participant: str, date: str
) -> None:
    class_ = of(Submitted(AT, {"lab1.py": b""}), scores={"s0001": Decimal("8.5")})
    written = write_moodle(class_, tmp_path, language=language)
    people = written.rosters["participants"].read_bytes()
    assert people.decode("utf-8").splitlines() == [
        f"\ufeff{participants}",
        "Jo,Doe,s0001,jo@uni.example",
        "Ann,Doe-Smith,s0002,ann@uni.example",
    ]
    table = written.rosters["grades"].read_text("utf-8")
    assert table.splitlines()[0].endswith(grades)
    assert not table.startswith("\ufeff")
    mark = '"8,50"' if language in ("de", "fr") else "8.50"
    assert table.splitlines()[1] == f"Jo,Doe,s0001,,,jo@uni.example,{mark},{int(DOWNLOADED.timestamp())}"
    assert table.splitlines()[2].split(",")[6] == "-"
    sheet = written.worksheets["Lab 1"].read_text("utf-8")
    rows = list(csv.DictReader(sheet.removeprefix("\ufeff").splitlines()))
    assert sheet.startswith("\ufeff")
    assert set(worksheet) <= rows[0].keys()
    identifier, name, grade, submitted, graded, _ = worksheet
    assert rows[0][identifier] == participant.format(numbered(JO))
    assert (rows[0][name], rows[0][submitted], rows[1][submitted], rows[1][graded]) == ("Jo Doe", date, "-", "-")
    assert (rows[0][grade], rows[1][grade]) == (mark.strip('"'), "")


def test_moodle_tables_by_settings(tmp_path: Path) -> None:
    class_ = replace(of(Submitted(AT, {"lab1.py": b""})), people=[replace(JO, given="+Jo")])
    written = write_moodle(class_, tmp_path, blind=True, surname=True, separator=":")
    grades = written.rosters["grades"].read_text("utf-8").splitlines()
    assert grades[0].startswith("First name:Surname:ID number:Institution:Department:Email address:")
    assert grades[1].startswith("'+Jo:Doe:s0001:")
    sheet = written.worksheets["Lab 1"].read_text("utf-8-sig")
    assert sheet.startswith("Identifier,Status,Grade,")
    assert "Doe" not in sheet
    assert "jo@" not in sheet


RECEIPT = """Name: Jo Doe (s0001)
Assignment: Lab 1
Date Submitted: Sunday, 8 November 2026 23:30:00 o'clock CET
Current Grade: Needs Grading

Submission Field:
There is no student submission text data for this assignment.

Comments:
There are no student comments for this assignment.

Files:
\tOriginal filename: lab1.py
\tFilename: Lab 1_s0001_attempt_2026-11-08-23-30-00_lab1.py
"""


def test_blackboard_zip_is_as_downloaded(tmp_path: Path) -> None:
    written = write_blackboard(of(Submitted(AT, {"lab1.py": b"x"}), Submitted(LATE, {"lab1.py": b"y"})), tmp_path)
    assert written.submissions["Lab 1"].name == "gradebook_COURSE_Lab1_2026-11-09-08-00-00.zip"
    found = entries(written)
    assert list(found) == [
        "Lab 1_s0001_attempt_2026-11-08-23-30-00_lab1.py",
        "Lab 1_s0001_attempt_2026-11-08-23-30-00.txt",
        "Lab 1_s0001_attempt_2026-11-09-07-00-00_lab1.py",
        "Lab 1_s0001_attempt_2026-11-09-07-00-00.txt",
    ]
    assert found["Lab 1_s0001_attempt_2026-11-08-23-30-00.txt"] == RECEIPT


def test_blackboard_zip_in_other_places(tmp_path: Path) -> None:
    eastern = datetime(2024, 12, 12, 13, 22, 26, tzinfo=ZoneInfo("America/New_York"))
    lab = Assignment("Lab 1", 901, eastern, {"s0002": [Submitted(eastern, {"线_性.py": b""}, text="Hello")]})
    class_ = PlatformClass([ANN], [lab], DOWNLOADED)
    receipt = "Lab 1_chan_t_m_attempt_2024-12-12-13-22-26.txt"
    american = entries(write_blackboard(class_, tmp_path, locale="en_US"))
    assert "Date Submitted: Thursday, December 12, 2024 1:22:26 PM EST\n" in american[receipt]
    assert "Submission Field:\nHello\n" in american[receipt]
    assert "Current Mark: Needs Grading" in entries(write_blackboard(class_, tmp_path, locale="en_GB"))[receipt]
    assert all("_chan_t_m_poging_2024-" in name for name in entries(write_blackboard(class_, tmp_path, locale="nl")))
    mangled = entries(write_blackboard(class_, tmp_path, mangled=True))
    assert "Lab 1_chan_t_m_attempt_2024-12-12-13-22-26____.py" in mangled
    assert "\tOriginal filename: 线_性.py\n\tFilename: Lab 1_chan_t_m_attempt_2024-12-12-13-22-26____.py" in mangled[receipt]
    nothing = of(Submitted(AT, text="Hello"))
    assert (
        entries(write_blackboard(nothing, tmp_path)).popitem()[1].endswith("Files:\nNo files were attached to this submission.\n")
    )


def test_blackboard_gradebook(tmp_path: Path) -> None:
    class_ = of(Submitted(AT, {"lab1.py": b""}), person=ANN, scores={"s0001": Decimal(8)})
    written = write_blackboard(class_, tmp_path, child_courses=True)
    data = written.rosters["gradebook"].read_bytes()
    assert written.rosters["gradebook"].suffix == ".xls"
    rows = list(csv.reader(data.decode("utf-16").splitlines(), delimiter="\t"))
    assert data[:4] == b'\xff\xfe"\0'
    assert rows[0] == [
        "Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability", "Child Course ID",
        "Lab 1 [Total Pts: 10 Score] |123456", "Total [Total Pts: up to 10 Score] |123499",
    ]  # fmt: skip
    assert rows[1] == ["Doe", "Jo", "s0001", "s0001", "2026-11-09 08:00:00", "Yes", "Lab A", "8.00", ""]
    assert rows[2][2:4] + rows[2][7:] == ["chan_t_m", "s0002", "Needs Grading", ""]
    assert [row[2] for row in rows if row[2].endswith("_previewuser")] == ["lecturer_previewuser"]
    plain = written.rosters["gradebook csv"].read_bytes()
    assert plain.startswith(b'\xef\xbb\xbf"Last Name","First Name"')
    assert b"\r" not in plain


def answer(own: str) -> dict[str, bytes]:
    return {"lab1.py": f"print('{own}')\n".encode()}


WRITERS: dict[str, Callable[..., Written]] = {"canvas": write_canvas, "moodle": write_moodle, "blackboard": write_blackboard}


@pytest.mark.parametrize("platform", WRITERS)
def test_a_class_of_forty_is_the_same_every_time(tmp_path: Path, platform: str) -> None:
    for run in ("one", "two"):
        WRITERS[platform](invented_class(answer, DUE), tmp_path / run)
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / run).iterdir()} for run in ("one", "two"))
    assert first == second
    WRITERS[platform](invented_class(answer, DUE, seed=1), tmp_path / "three")
    assert {p.name: p.read_bytes() for p in (tmp_path / "three").iterdir()} != first, "another seed is another class"


def test_the_invented_class_has_every_kind_of_name_and_submission() -> None:
    people = invented_people(40)
    names = "".join(p.full for p in people)
    assert len({p.id for p in people} & {p.login for p in people}) == 0
    for ids in zip(*((p.id, p.login, p.email, p.canvas_id, p.username) for p in people), strict=True):
        assert len(set(ids)) == 40, "every id is one person's"
    assert all(letter in names for letter in "王ñø-'ç하さ")
    assert len({p.full for p in people}) == 39, "two have the same name"
    assert [p.id for p in people if len(p.sections) == 2] == ["s0002"]
    class_ = invented_class(answer, DUE)
    lab = class_.assignments[0]
    assert len({lab.participant(p) for p in people}) == 40
    works = lab.submissions.values()
    assert any(len(w) == 2 for w in works)
    assert any(w[-1].text and not w[-1].files for w in works)
    assert any(w[-1].link for w in works)
    assert 2 <= sum(w[-1].at > DUE for w in works) <= 15
    assert len(works) == 39, "one submits nothing"


def test_an_invented_class_in_teams() -> None:
    class_ = invented_class(answer, DUE, teams=True)
    lab = class_.assignments[0]
    assert len(set(lab.teams.values())) == 13
    assert "s0040" not in lab.teams, "one has no team"
    assert len({lab.teams.get(own) for own in lab.submissions}) == len(lab.submissions), "one submits for each team"
