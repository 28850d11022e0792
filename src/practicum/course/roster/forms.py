"""How each source names its columns, in the languages in which Moodle writes them."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from practicum.course.roster.spelling import folded

_FIRST = ["first name", "vorname", "prénom", "名", "名字"]
_LAST = ["last name", "surname", "nachname", "nom de famille", "nom", "姓", "姓氏"]
_FULL = ["full name", "vollständiger name", "nom complet", "全名"]
_NUMBER = ["id number", "id-nummer", "numéro d'identification", "学号", "编号"]
_PLATFORM_EMAIL = ["email address", "e-mail-adresse", "adresse de courriel", "电子邮件地址", "电子邮件", "电子邮箱"]
_EMAIL = [*_PLATFORM_EMAIL, "email", "e-mail"]
_USERNAME = ["username", "anmeldename", "nom d'utilisateur", "用户名"]
_IDENTIFIER = ["identifier", "id", "identifiant", "标识符"]
_CHANGED = [
    "last modified (submission)", "zuletzt geändert (abgabe)", "dernière modification (travail remis)", "上次修改(作业)"
]  # fmt: skip
_GROUP = ["group", "gruppe", "groupe", "小组"]
_GROUPS = ["groups", "gruppen", "groupes", "小组们", "群组"]
_NO_GROUP = ("default group", "standardgruppe", "groupe par défaut", "默认小组", "-")

_OWN_ID = ["id", "student id", "student number", "student no", "student no.", "id number", "sid", "matriculation number"]


class Form(NamedTuple):
    """How a source names its columns; it is recognised by columns that it alone has.

    Attributes:
        name: what people call the source.
        marks: sets of columns; a file that has one of each list of a set is of this form.
        columns: per field of a student the columns that may hold it, the best first.
    """

    name: str
    marks: Sequence[Sequence[Sequence[str]]]
    columns: Mapping[str, Sequence[str]]


CANVAS = Form(
    "Canvas",
    [
        [["student"], ["sis user id", "sis login id"]],
        [["student"], ["id"], ["section"]],
        [["lastname"], ["firstname"], ["id"]],
    ],
    {
        "id": ["sis user id", "sis login id", "id"],
        "name": ["student"],
        "first": ["firstname"],
        "last": ["lastname"],
        "section": ["section"],
        "team": ["group", "group name"],
        "login": ["sis login id"],
        "lms_id": ["id"],
        "email": ["email", "email address"],
    },
)
BLACKBOARD = Form(
    "Blackboard",
    [[["last name"], ["first name"], ["username"]]],
    {
        "id": ["student id", "username"],
        "first": ["first name"],
        "last": ["last name"],
        "login": ["username"],
        "email": ["email", "email address"],
        "section": ["section", "child course id"],
        "team": ["group", "group name"],
    },
)
WORKSHEET = Form(
    "a Moodle grading worksheet",
    [[_IDENTIFIER, _CHANGED], [["identifier", "identifiant", "标识符"], _FULL]],
    {
        "id": [*_NUMBER, *_USERNAME, *_EMAIL],
        "name": _FULL,
        "email": _EMAIL,
        "team": _GROUP,
        "login": _USERNAME,
        "participants": _IDENTIFIER,
        "submitted": _CHANGED,
    },
)
MOODLE = Form(
    "Moodle",
    [[_FIRST, _LAST, _PLATFORM_EMAIL], [_FIRST, _LAST, ["id-nummer", "numéro d'identification", "学号"]]],
    {
        "id": [*_NUMBER, *_OWN_ID, *_USERNAME, *_EMAIL],
        "first": _FIRST,
        "last": _LAST,
        "email": _EMAIL,
        "section": [*_GROUPS, "section", "cohort", "class"],
        "team": ["team", *_GROUP],
        "login": [*_USERNAME, "login", "user name"],
        "lms_id": ["lms_id", "lms id"],
        "participants": ["participants"],
    },
)
OWN = Form(
    "our own form",
    [],
    {
        "id": _OWN_ID,
        "name": ["name", "full name", "student name", "student"],
        "first": ["first", "first name", "given name"],
        "last": ["last", "last name", "surname", "family name"],
        "email": ["email", "e-mail", "email address", "mail"],
        "section": ["section", "cohort", "class", "group"],
        "team": ["team", "group"],
        "login": ["login", "username", "user name"],
        "lms_id": ["lms_id", "lms id", "canvas id"],
        "participants": ["participants"],
    },
)
_PLATFORMS = (CANVAS, BLACKBOARD, WORKSHEET, MOODLE)


def heading(text: str) -> str:
    """Return the form in which headings are compared."""
    return folded(text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def form_of(headings: Sequence[str]) -> Form:
    """Return the form of a file with these headings, which are in the form for comparing."""
    there = set(headings)
    return next((f for f in _PLATFORMS if any(all(there & set(names) for names in mark) for mark in f.marks)), OWN)


def places_in(form: Form, headings: Sequence[str]) -> dict[str, list[int]]:
    """Return where each field of a student stands; a column called `group` is the section where no other column is."""
    places = {field: [headings.index(n) for n in names if n in headings] for field, names in form.columns.items()}
    if form is OWN:
        places["section"], places["team"] = places["section"][:1], [p for p in places["team"] if p not in places["section"][:1]]
    return places


def participant(identifier: str) -> str:
    """Return the number in `Participant 12345`, `Teilnehmer/in12345` or `参与人12345`; nothing where there is none."""
    found = re.fullmatch(r"\D{0,60}?(\d{1,18})", identifier.strip(), re.ASCII)
    return found[1] if found else ""


def group(name: str) -> str:
    """Return a group's name; the group of those who have none is none."""
    return "" if heading(name) in _NO_GROUP else name
