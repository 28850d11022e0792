"""A student is found by every id that the roster knows, in any spelling, and nobody is guessed."""

from __future__ import annotations

import pytest

from practicum.course.roster import Student
from practicum.course.roster.identities import AmbiguousIdentity, Identities

ADA = Student("26000334D", "Ada Lovelace", "Ada", "Lovelace", "ada@example.org", login="ALove", lms_id="4711")
BOB = Student("s0002", "王小明", "小明", "王", "bob@example.org", login="bwang", lms_id="4712")
ZOE = Student("s0003", "Zoé Doe-Smith", "Zoé", "Doe-Smith", lms_id="77")
ROSTER = Identities([ADA, BOB, ZOE])


@pytest.mark.parametrize(
    "text", ["26000334D", "26000334d", "２６０００３３４Ｄ", "alove", "4711", "４７１１", "ADA@EXAMPLE.ORG", " 4711 "]
)
def test_by_every_id_in_every_spelling(text: str) -> None:
    assert ROSTER.find(text) is ADA


@pytest.mark.parametrize("text", ["", " ", "4713", "26000334", "Ada Lovelace", "Ada"])
def test_nothing_else_is_an_id(text: str) -> None:
    assert ROSTER.find(text) is None


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Zoé Doe-Smith", ZOE),
        ("zoe\u0301 doe-smith", ZOE),  # as macOS writes it
        ("Doe-Smith, Zoé", ZOE),
        ("Doe-Smith  Zoé", ZOE),
        ("王小明", BOB),
        ("小明 王", BOB),
        ("Zoe Doe-Smith", None),  # another letter
        ("", None),
    ],
)
def test_by_full_name(text: str, who: Student | None) -> None:
    assert ROSTER.by_name(text) is who


def test_by_what_canvas_leaves_of_a_name() -> None:
    assert ROSTER.by_letters("doesmithzoé") is ZOE
    assert ROSTER.by_letters("lovelaceada") is ADA
    assert ROSTER.by_letters("王小明") is BOB
    assert ROSTER.by_letters("-") is None


def test_two_of_one_name_are_not_told_apart() -> None:
    twins = Identities([ADA, Student("x", "Ada Lovelace")])
    assert twins.by_name("Ada Lovelace") is None
    assert twins.by_letters("lovelaceada") is None
    assert twins.by_letters("adalovelace") is None


def test_an_id_of_two_students_is_refused_with_both_readings() -> None:
    both = Identities([ADA, Student("4711", "Max Roe")])
    with pytest.raises(AmbiguousIdentity, match=r"4711.*platform's number of 26000334D \(Ada L.*the id of 4711 \(Max Roe\)"):
        both.find("4711")
    assert both.find("4711", kind="lms_id") is ADA
    assert both.find("4711", kind="id").name == "Max Roe"
    with pytest.raises(AmbiguousIdentity):
        both.find("4711", kind="login")


def test_what_was_meant() -> None:
    assert ROSTER.near("s002") == " (did you mean `s0002`?)"
    assert ROSTER.near("Ada Lovelase") == " (did you mean `26000334D`?)"
    assert ROSTER.near("nobody at all") == ""
