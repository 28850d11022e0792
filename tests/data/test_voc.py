"""PASCAL VOC's XML: what is read, what is left out, what is refused."""

import pytest

from practicum.data.voc import read_annotation
from practicum.errors import PracticumError


def note(
    *objects: tuple[str, object, object, object, object], size: str = "<size><width>40</width><height>30</height></size>"
) -> bytes:
    things = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for name, a, b, c, d in objects
    )
    return f"<annotation>{size}{things}</annotation>".encode()


def test_objects_are_read_in_order() -> None:
    found = read_annotation(note(("RBC", 0, 0, 40, 30), ("a&amp;b", " 1.5 ", 2, 3, 4)), "x.xml")
    assert (found.width, found.height) == (40, 30)
    assert found.objects == (("RBC", (0, 0, 40, 30)), ("a&b", (1.5, 2, 3, 4)))
    assert found.broken == ()
    assert read_annotation(note(), "x.xml").objects == ()


@pytest.mark.parametrize(
    "box", [(5, 5, 5, 9), (5, 5, 9, 5), (9, 5, 5, 9), (-1, 0, 5, 5), (0, 0, 41, 5), (0, 0, 5, 31), ("nan", 0, 5, 5)]
)
def test_boxes_without_area_or_outside_are_left_out_and_told(box: tuple[object, ...]) -> None:
    found = read_annotation(note(("RBC", *box), ("WBC", 1, 2, 3, 4)), "x.xml")
    assert found.objects == (("WBC", (1, 2, 3, 4)),)
    assert len(found.broken) == 1
    assert found.broken[0].startswith("x.xml: RBC has the box (")


def test_entities_are_refused() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]>' + note(("&c;", 1, 2, 3, 4))
    outside = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + note(("&b;", 1, 2, 3, 4))
    for data in (bomb, outside, b'<!DOCTYPE a SYSTEM "http://x/y.dtd">' + note()):
        with pytest.raises(PracticumError, match=r"x\.xml: expected no document type"):
            read_annotation(data, "x.xml")


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"<annotation>", note()[:-5], b"\xff\xfe\x00", note(("&undefined;", 1, 2, 3, 4))]
)
def test_what_is_no_xml_is_told(data: bytes) -> None:
    with pytest.raises(PracticumError, match=r"x\.xml: not XML"):
        read_annotation(data, "x.xml")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (note(size=""), "expected size/width in <annotation>, got none"),
        (note(size="<size><width>4</width></size>"), "expected size/height in"),
        (note(("", 1, 2, 3, 4)), "expected name in <object>"),
        (note(("RBC", 1, 2, 3, "")), "expected bndbox/ymax in <object>"),
        (note(("RBC", 1, "two", 3, 4)), "expected a number as bndbox/ymin, got 'two'"),
        (note(size="<size><width>inf</width><height>3</height></size>"), "expected a whole number as size/width, got 'inf'"),
        (note(size="<size><width>4.5</width><height>3</height></size>"), "expected a whole number as size/width, got '4.5'"),
    ],
)
def test_what_is_missing_or_wrong_is_told(data: bytes, told: str) -> None:
    with pytest.raises(PracticumError, match=f"x.xml: .*{told}"):
        read_annotation(data, "x.xml")
