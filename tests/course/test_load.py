"""Errors in a course file: one message with file, line, what was expected and what was got."""

import re
import tomllib
from pathlib import Path

import pytest

from practicum.course.lines import line_of
from practicum.course.load import load_course, parse_course
from practicum.course.workspace import course_path, courses
from practicum.errors import PracticumError

GOOD = """\
name = "small"
title = "Small"

[term]
name = "Spring"
start = 2027-02-22
weeks = 15
timezone = "Asia/Shanghai"

[grade]
late = "standard"

[late.standard]
steps = [
  { up_to = "1 day", multiplier = 0.9 },
  { under = "3 days", multiplier = 0.7 },
]
then = { multiplier = 0.5 }

[[component]]
name = "work"
title = "Work"
weight = 60

[[component.item]]
name = "a1"
points = 10
weight = 60
lab = "lab"
due = { week = 4, day = "Friday" }

[[component]]
name = "exam"
title = "Exam"
weight = 40

[[component.item]]
name = "exam"
points = 100
exam = { minutes = 120 }
"""


def test_the_good_file_is_good() -> None:
    course = parse_course(GOOD)
    assert [item.name for item in course.items] == ["a1", "exam"]


@pytest.mark.parametrize(
    ("find", "put", "line", "message"),
    [
        ("weeks = 15", 'weeks = "many"', 7, "term.weeks: expected .*integer.*got 'many'"),
        ("weeks = 15", "weeks = 0", 7, "greater than or equal to 1, got 0"),
        ("timezone", "timezon", 8, r"unknown key `timezon` \(did you mean `timezone`\?\).*and 1 more"),
        ("Asia/Shanghai", "Asia/Shanghi", 8, "expected a time zone such as `Asia/Shanghai`, got 'Asia/Shanghi'"),
        ("start = 2027-02-22\n", "", 4, "expected `start`, which is not there"),
        ("start = 2027-02-22", "start = 2027-02-30", 6, "not valid TOML"),
        ('late = "standard"', 'late = "standart"', 11, r"no late rule `standart` \(did you mean `standard`\?\)"),
        ('under = "3 days"', 'under = "3 dais"', 16, "expected a whole number and a unit.*got '3 dais'"),
        ("multiplier = 0.7", "multiplier = 0.95", 13, "later must never gain"),
        ("then = { multiplier = 0.5 }\n", "", 13, "late.standard.then: expected `then`, which is not there"),
        ("multiplier = 0.7", "multiplyer = 0.7", 16, r"unknown key `multiplyer` \(did you mean `multiplier`\?\)"),
        ("weight = 60\n\n", "weight = 50\n\n", 20, "expected the weights of the components to add up to 100, got 90"),
        ("points = 10\nweight = 60", "points = 10\nweight = 61", 23, "items to add up to 60, got 61"),
        ("points = 10\n", "points = -10\n", 27, "greater than 0, got -10"),
        ('name = "exam"\npoints', 'name = "a1"\npoints', 38, "a second item `a1`"),
        ('name = "exam"\npoints', 'name = "total"\npoints', 38, "cannot be called `total`"),
        ('name = "exam"\npoints', 'name = "The Exam"\npoints', 38, "lower-case letters, digits and hyphens, got 'The Exam'"),
        ("week = 4", "week = 40", 30, "expected a week of the term, 1 to 15, got 40"),
        ('"Friday"', '"Fryday"', 30, "'Monday', 'Tuesday'.*got 'Fryday'"),
        ('{ week = 4, day = "Friday" }', '"soon"', 30, "got 'soon'"),
        ('{ week = 4, day = "Friday" }', "{ day = \"Friday\" }", 30, "expected a date and time, or a table"),
        ("minutes = 120", "minutes = 120, scope = { first = 1, last = 8 }", 40, "there is no lecture 1"),
        ("minutes = 120", "minuts = 120", 40, r"unknown key `minuts` \(did you mean `minutes`\?\)"),
        ("points = 100\n", 'points = 100\nlab = "lab"\n', 37, "lab `lab` feeds this item and already `a1`"),
        ("[[component]]\nname = \"work\"", "[component]\nname = \"work\"", 32, "not valid TOML"),
        ("title = \"Small\"", "title = \"Small", 2, "not valid TOML"),
    ],
)  # fmt: skip
def test_each_error_is_one_clear_line(find: str, put: str, line: int, message: str) -> None:
    assert GOOD.count(find) >= 1
    with pytest.raises(PracticumError) as caught:
        parse_course(GOOD.replace(find, put, 1), "course.toml")
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"course.toml:{line}: "), text
    assert re.search(message, text), text


def test_parts_must_add_up() -> None:
    parts = """
  [[component.item.part]]
  name = "p"
  points = 60
  [[component.item.part]]
  name = "q"
  points = 30
  [[component.item.part]]
  name = "extra"
  points = 10
  bonus = true
"""
    with pytest.raises(PracticumError, match=r"component\[1\].item\[0\].points: expected the parts to add up to 100, got 90"):
        parse_course(GOOD + parts)


def test_below_a_lab_no_part_has_a_lab() -> None:
    nested = """
[[component.item.part]]
name = "p"
points = 100
lab = "outer"
[[component.item.part.part]]
name = "q"
points = 100
lab = "inner"
"""
    with pytest.raises(PracticumError, match="lab `outer` already fills everything here"):
        parse_course(GOOD + nested)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PracticumError, match="no such file"):
        load_course(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_bytes('title = "中文"'.encode("gb18030"))
    with pytest.raises(PracticumError, match="expected UTF-8"):
        load_course(bad)


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "course.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_course(file).name == "small"


def test_numbers_stay_exact() -> None:
    assert str(parse_course(GOOD).late["standard"].steps[0].multiplier) == "0.9"


def test_lines_of_everything_that_is_written() -> None:
    text = 'a = 1\n# [x]\n[t]\nb = """\n[no]\n"""\n"q.r" = [1,\n  {c = 2,\n   d = "]"},  # }\n 3]\n'
    text += "[[u.v]]\ne.f = '['\n[[u.v]]\n[u.v.w]\ng = 2027-01-01\n"
    expected = {
        ("a",): 1, ("t",): 3, ("t", "b"): 4, ("t", "q.r"): 7, ("t", "q.r", 0): 7, ("t", "q.r", 1): 8,
        ("t", "q.r", 1, "d"): 9, ("t", "q.r", 2): 10, ("u", "v", 0): 11, ("u", "v", 0, "e", "f"): 12, ("u", "v", 1): 13,
        ("u", "v", 1, "w", "g"): 15, ("u", "v", 1, "w", "none"): 14,
    }  # fmt: skip
    assert {path: line_of(text, path) for path in expected} == expected


@pytest.mark.parametrize("name", courses())
def test_the_line_scanner_finds_every_value_of_the_courses(name: str) -> None:
    text = course_path(name).read_text(encoding="utf-8")
    for path, value in leaves(tomllib.loads(text)):
        if path:
            line = text.splitlines()[line_of(text, path) - 1]
            if isinstance(value, str) and '"' not in value and "\n" not in value:
                assert value in line, path


def leaves(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], object]]:
    if isinstance(data, dict):
        return [leaf for key, value in data.items() for leaf in leaves(value, (*path, key))]
    if isinstance(data, list):
        return [leaf for key, value in enumerate(data) for leaf in leaves(value, (*path, key))]
    return [(path, data)]
