"""No wording of pydantic reaches those who write the files, whatever they write, and every line number is right.

Each field of each model in turn gets every kind of wrong value. The text comes from a writer that counts its own lines.
"""

import copy
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from practicum.course.model import Course
from practicum.course.topics import _File, _OldFile
from practicum.errors import PracticumError
from practicum.grading.local import Handout
from practicum.labs.lab import Lab
from practicum.labs.mutants import _Alternative, _Mutant
from practicum.toml import Document, KeyPath
from practicum.toml.words import EXPECTED, written
from tests.toml.dump import dump

HOURS = {"weekday": "Monday", "begins": dt.time(15, 30), "ends": dt.time(17, 0), "place": "P", "link": "L"}
WHEN = {"week": 1, "day": "Friday", "time": dt.time(18, 0), "end_of_term": False}
PART: dict[str, Any] = {
    "name": "p", "title": "P", "points": 1, "lab": "l", "bonus": True, "files": ["f"], "settings": {"x": 1}, "notes": "n",
    "sentence": "S",
}  # fmt: skip
COURSE: dict[str, Any] = {
    "name": "c", "title": "C", "code": "C1",
    "about": {
        "institution": "I", "also_known_as": ["A"], "tools": ["T"], "books": ["B"], "platform": "P", "reports": "R",
        "source_code": "S", "hand_in": [".py"], "sources": ["S"],
        "language": "L", "prerequisites": ["P"], "philosophy": ["P"], "resources": ["R"], "computing": "C", "materials": "M",
        "feedback": "F", "office_hours": "O", "rules": ["R"], "notes": ["N"],
        "staff": [{"name": "N", "role": "R", "email": "E", "office_hour": [HOURS]}],
        "meeting": [HOURS | {"remote_weeks": [1], "notes": "n"}],
    },
    "term": {
        "name": "T", "start": dt.date(2027, 1, 1), "weeks": 9, "timezone": "UTC", "end": dt.date(2027, 6, 1),
        "holiday": [
            {"name": "H", "first": dt.date(2027, 2, 1), "last": dt.date(2027, 2, 2), "skips_week": True},
            {"name": "I", "first": {"calendar_week": 3, "day": "Friday"}, "last": {"calendar_week": 4},
             "skips_whole_weeks": False},
        ],
    },
    "grade": {"out_of": 100, "cap": 100, "late": "r", "submissions": "best"},
    "late": {"r": {
        "steps": [{"up_to": "1 day", "multiplier": 0.5, "cap": 1}, {"under": "2 days", "multiplier": 0.5}],
        "then": {"multiplier": 0, "cap": 0}, "excused": {"kind": "k", "then": {"multiplier": 0}}, "sentence": "S",
    }},
    "topics": {"t": ["a"]},
    "facts": {"t": ["F"]},
    "integrity": [{"rule": "R", "consequence": "C", "applies_to": "A"}],
    "session": [{
        "kind": "lab", "number": 1, "week": 1, "dates": [dt.date(2027, 1, 1)], "title": "S", "topics": ["a"],
        "optional_topics": ["b"], "labs": ["l"], "notes": "n",
        "reading": ["R", {"title": "T", "link": "L", "notes": "n"}], "slides": ["S"], "videos": ["V"], "material": ["M"],
    }],
    "component": [{
        "name": "w", "title": "W", "weight": 100, "makes_up": True, "notes": "n", "steps": ["S"],
        "item": [PART | {
            "weight": 100, "out": dt.date(2027, 1, 1), "due": WHEN, "late": "r", "submissions": "last", "topics": ["a"],
            "handouts": ["H"],
            "part": [PART | {"lab": "m", "part": [PART]}],
            "team": {"min": 1, "max": 2, "formed": {"on": dt.date(2027, 1, 1)}},
            "exam": {
                "minutes": 1, "questions_min": 1, "questions_max": 2, "written": True,
                "on": {"at": dt.datetime(2027, 1, 1)},
                "scope": {"kind": "lab", "first": 1, "last": 1, "sentence": "S"}, "notes": "n",
            },
            "document": [{
                "kind": "report", "format": "pdf", "typeset": "t", "template": "t", "columns": 1, "max_pages": 1,
                "references": "counted", "paper": "a4", "width_mm": 1, "height_mm": 1, "notes": "n",
                "sections": ["S"], "answers": ["A"],
            }],
            "talk": [{"title": "T", "minutes": 1, "best_teams": 1, "ranked_by": "p", "others": "poster",
                "decided": WHEN, "answers": ["A"], "notes": "n"}],
            "checkpoint": [{"title": "C", "due": {"end_of_term": True}}],
            "lms": {"canvas": "c", "blackboard": "b", "moodle": "m"},
        }],
    }],
}  # fmt: skip
LIMITS = {
    "cpu_seconds": 1.5, "wall_seconds": 1, "import_seconds": 1, "memory_mib": 1, "processes": 1, "disk_mib": 1,
    "open_files": 1, "output_kib": 1, "threads": 1,
}  # fmt: skip
LAB: dict[str, Any] = {
    "title": "T", "summary": "S", "topics": ["a"], "points": 2.5, "submit": ["a.py"], "libraries": ["numpy"],
    "limits": LIMITS,
}  # fmt: skip
EDIT = {"title": "T", "edit": [{"file": "a.py", "find": "a", "replace": "b"}]}
TOPIC = {"title": "T", **{key: ["x"] for key in ("reference", "recipe", "facts")}}
SAMPLES: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (Course, COURSE),
    (Lab, LAB),
    (_Mutant, EDIT | {"loses": ["test_a"]}),
    (_Alternative, EDIT),
    (_File, {"t": TOPIC}),
    (_OldFile, {"topic": {"t": TOPIC}}),
    (
        Handout,
        {"title": "T", "submit": ["a.py"], "points": 1, "name": "n", "libraries": ["numpy"], "given": ["b.py"], "limits": LIMITS},
    ),
]

WRONG: list[Any] = [
    "", "no", "A B", "1 fortnight", "12", "0.5", "2027-13-01", "25:00", "x" * 99, 0, 1, -1, 10**20, 2.5, -0.5, Decimal("inf"),
    Decimal("nan"), 1e300, True, False, [], [1], ["a", "a"], [[]], [{}], {}, {"x": 1},
    {"A B": 1}, {"week": 0}, {"day": "Friday"},
    dt.date(2027, 1, 1), dt.datetime(2027, 1, 1, 10), dt.time(10),
]  # fmt: skip

LEAK = re.compile(
    r"[Ii]nput should|valid \w+,|unable to|Field required|[Vv]alue error|[Ee]xtra inputs|Decimal\(|datetime\.|[Ii]nstance|"
    r"pydantic|at least \d+ item|character|dictionary|tuple|string|integer|boolean|"
    r"expected expected|function-|\[key\]|another value"
)


def paths(data: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    inside = data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inside:
        yield from paths(value, (*path, key))


def put(data: dict[str, Any], path: KeyPath, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(data)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


def read(model: type[BaseModel], data: dict[str, Any]) -> tuple[list[str], dict[str, int]]:
    text, lines = dump(data)
    by_key: dict[str, int] = {"": 1} | {written(path): line for path, line in lines.items()}
    try:
        Document.parse(text, "x.toml").into(model)
    except PracticumError as error:
        return str(error).split("\n"), by_key
    return [], by_key


def check(model: type[BaseModel], data: dict[str, Any]) -> int:
    """Check each message, and return how many there are."""
    messages, lines = read(model, data)
    for message in messages:
        found = re.fullmatch(r'x\.toml:(\d+): ((?:[\w.\[\]-]|"[^"]*")+): expected (.+), got (.+)', message)
        assert found, message
        assert not LEAK.search(message.replace("x" * 70, "")), message
        key = found[2]
        while key not in lines:  # a key that is missing: the line is that of the table around it
            key = re.sub(r"(?:^|\.)[^.\[]+$|\[\d+\]$", "", key)
        assert int(found[1]) == lines[key], message
    return len(messages)


@pytest.mark.parametrize(("model", "data"), SAMPLES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_samples_are_good_and_hold_every_field(model: type[BaseModel], data: dict[str, Any]) -> None:
    assert read(model, data)[0] == []
    keys = {step for path in paths(data) for step in path}
    for table in tables(model):
        assert set(table.model_fields) - keys <= {"root"}, table


def tables(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    while (
        more := {inner for table in found for field in table.model_fields.values() for inner in inside(field.annotation)} - found
    ):
        found |= more
    return found


def inside(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for arg in getattr(hint, "__args__", ()):
        yield from inside(arg)


@pytest.mark.parametrize("half", [0, pytest.param(1, marks=pytest.mark.thorough)])
@pytest.mark.parametrize(("model", "data"), SAMPLES, ids=lambda value: getattr(value, "__name__", ""))
def test_every_kind_of_wrong_value_in_every_field(model: type[BaseModel], data: dict[str, Any], half: int) -> None:
    """Validates every case; writes and reads the file again for each new pair of error and kind of value."""
    seen = set()
    for number, path in enumerate(paths(data)):
        for wrong in WRONG[(number + half) % 2 :: 2]:
            changed = put(data, path, wrong)
            try:
                model.model_validate(changed)
            except ValidationError as error:
                new = {(each["type"], type(wrong).__name__, path[-1] == each["loc"][-1]) for each in error.errors()} - seen
                assert {kind for kind, *_ in new} - {"missing", "extra_forbidden"} <= set(EXPECTED)
                if new:
                    assert check(model, changed)
                seen |= new
    assert len({kind for kind, *_ in seen}) >= 4


VALUE = st.recursive(
    st.sampled_from(WRONG)
    | st.text("aB1-\n\"'{}%é", max_size=5)
    | st.integers()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.times(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "week", "a b", "x"]), inner, max_size=2),
    max_leaves=4,
)


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_whatever_stands_in_two_fields(data: st.DataObject) -> None:
    model, sample = data.draw(st.sampled_from(SAMPLES))
    for _ in range(2):
        sample = put(sample, data.draw(st.sampled_from(list(paths(sample)))), data.draw(VALUE))
    check(model, sample)


class _Strange(BaseModel):
    a: bytes = b""
    b: complex = 1j


def test_an_error_that_nobody_thought_of_has_safe_words() -> None:
    messages, _ = read(_Strange, {"a": 1, "b": [1]})
    assert messages == ["x.toml:1: a: expected another value, got 1", "x.toml:2: b: expected another value, got [1]"]
