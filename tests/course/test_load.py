"""Errors in a course file: one message with file, line, what was expected and what was got."""

import re
from pathlib import Path

import pytest

from practicum.course.load import load_course, parse_course
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
        ("weeks = 15", 'weeks = "many"', 7, "term.weeks: expected a whole number, got 'many'"),
        ("weeks = 15", "weeks = 0", 7, "expected a number of at least 1, got 0"),
        ("timezone", "timezon", 8, r"term.timezon: .*got `timezon` \(did you mean `timezone`\?\); known: name, start, "),
        ("Asia/Shanghai", "Asia/Shanghi", 8, "expected a time zone such as `Asia/Shanghai`, got 'Asia/Shanghi'"),
        ("start = 2027-02-22\n", "", 4, "term.start: expected this key, got none"),
        ("start = 2027-02-22", "start = 2027-02-30", 6, "got .start = 2027-02-30. .invalid date"),
        ('late = "standard"', 'late = "standart"', 11, r"grade.late: .*got `standart` \(did you mean `standard`\?\)"),
        ('under = "3 days"', 'under = "3 dais"', 16, "expected a whole number and a unit.*got '3 dais'"),
        ("multiplier = 0.7", "multiplier = 0.95", 13, "later must never gain"),
        ("then = { multiplier = 0.5 }\n", "", 13, "late.standard.then: expected this key, got none"),
        ("multiplier = 0.7", "multiplyer = 0.7", 16, r"steps.1..multiplyer: .* got `multiplyer` \(did you mean `multiplier`\?\)"),
        ("weight = 60\n\n", "weight = 50\n\n", 20, r"components to add up to `grade.out_of` \(100\), got 90"),
        ("points = 10\nweight = 60", "points = 10\nweight = 61", 23, r"items to add up to that of the component \(60\), got 61"),
        ("points = 10\n", "points = -10\n", 27, "expected a number above 0, got -10"),
        ('name = "exam"\npoints', 'name = "a1"\npoints', 38, "expected a name of its own, got a second item `a1`"),
        ('name = "exam"\npoints', 'name = "total"\npoints', 38, "expected another name, got `total`"),
        ('name = "exam"\npoints', 'name = "The Exam"\npoints', 38, "lower-case letters, digits and hyphens, got 'The Exam'"),
        ("week = 4", "week = 40", 30, "expected a week of the term, 1 to 15, got 40"),
        ('"Friday"', '"Fryday"', 30, r"'Monday', 'Tuesday'.*got 'Fryday' \(did you mean `Friday`\?\)"),
        ('{ week = 4, day = "Friday" }', '"soon"', 30, "got 'soon'"),
        ('{ week = 4, day = "Friday" }', "{ day = \"Friday\" }", 30, "expected a date and time, or a table"),
        ("minutes = 120", "minutes = 120, scope = { first = 1, last = 8 }", 40, "a lecture that is in the plan, got 1"),
        ("minutes = 120", "minuts = 120", 40, r"item\[0\].exam.minuts: .* got `minuts` \(did you mean `minutes`\?\)"),
        ("points = 100\n", 'points = 100\nlab = "lab"\n', 37, "got lab `lab` here and already in `a1`"),
        ("[[component]]\nname = \"work\"", "[component]\nname = \"work\"", 32, r"got .\[\[component\]\]. \(this name is taken"),
        ("title = \"Small\"", "title = \"Small", 2, "a text is not closed on its line"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_clear_line(find: str, put: str, line: int, message: str) -> None:
    assert GOOD.count(find) >= 1
    with pytest.raises(PracticumError) as caught:
        parse_course(GOOD.replace(find, put, 1), "course.toml")
    text = str(caught.value)
    assert re.match(rf"course\.toml:{line}: .*expected .*, got ", text), text
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
    with pytest.raises(PracticumError, match="expected no lab in this part, got one inside lab `outer`"):
        parse_course(GOOD + nested)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PracticumError, match="expected a file, got nothing there"):
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
