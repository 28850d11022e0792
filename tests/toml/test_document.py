"""Reading a TOML file: encodings and line ends, what is no TOML, and all mistakes at once in an order that helps."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from practicum.errors import PracticumError
from practicum.toml import Document


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: float = 1


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    weight: Decimal = Decimal(1)
    row: tuple[Row, ...] = Field(min_length=1)


GOOD = 'title = "ü"\nweight = 0.1\n\n[[row]]\nname = "a"\nsize = 0.1\n'


def mistakes(text: str) -> list[str]:
    with pytest.raises(PracticumError) as caught:
        Document.parse(text, "x.toml").into(Model)
    return str(caught.value).split("\n")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_mark_and_line_ends(tmp_path: Path, mark: bytes, end: str) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(mark + GOOD.replace("\n", end).encode())
    document = Document.read(file)
    assert document.text == GOOD
    assert document.line("row", 0, "name") == 5
    assert document.into(Model).title == "ü"


def test_numbers_stay_exact() -> None:
    read = Document.parse(GOOD, "x.toml").into(Model)
    assert (str(read.weight), read.row[0].size) == ("0.1", 0.1)


def test_numbers_beyond_all_decimals_are_mistakes_and_no_crash() -> None:
    assert mistakes(GOOD.replace("0.1", "1e9999999999999999999", 1)) == ["x.toml:2: weight: expected a finite number, got inf"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a = 1\nb = '中'".encode("gb18030"), ":2: expected UTF-8 text, got byte 0xd6 at offset 11; save the file as UTF-8"),
        (b"\xef\xbb\xbfa = '\xff'", ":1: expected UTF-8 text, got byte 0xff at offset 8; save the file as UTF-8"),
        ("a = 1".encode("utf-16"), ":1: expected UTF-8 text, got byte 0xff at offset 0; save the file as UTF-8"),
        (None, ": expected a file, got nothing there"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, data: bytes | None, message: str) -> None:
    file = tmp_path / "x.toml"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(PracticumError) as caught:
        Document.read(file)
    assert str(caught.value) == f"{file}{message}"
    with pytest.raises(PracticumError, match="expected a file that can be read, got: Is a directory"):
        Document.read(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a = 1\nb = "x\n', """:2: expected valid TOML, got 'b = "x' (a text is not closed on its line)"""),
        ("a = x y\n", ":1: expected valid TOML, got 'a = x y' (no value has this form; text stands in quotes)"),
        ("a = 1\na = 2\n", ":2: expected valid TOML, got 'a = 2' (this name is taken: a key or [table] stands once, "
         "only a [[table]] again)"),
        ("[a]\n[a]\n", ":2: expected valid TOML, got '[a]' (this name is taken: a key or [table] stands once, "
         "only a [[table]] again)"),
        ("a = {\n b = 1 }\n", ":1: expected valid TOML, got 'a = {' (a key is missing here; "
         "a table in { } stands on one line)"),
        ("a = 11.1.2027\n", ":1: expected valid TOML, got 'a = 11.1.2027' (one key and one value to a line; "
         "text stands in quotes, "
         "a date is 2027-02-22)"),
        ("a = [1\nb = 2\n", ":2: expected valid TOML, got 'b = 2' (after a value comes `,` or `]`; text stands in quotes)"),
        ("a = { b = 24 h }\n", ":1: expected valid TOML, got 'a = { b = 24 h }' ("
         "after a value comes `,` or `}`; text stands in quotes)"),
        ("a = [\n", ":2: expected valid TOML, got the end of the file before something was closed"),
        (f"a = {'1' * 5000}\n", ": expected valid TOML, got a number of more than 4300 digits"),
        (f"a = {'[' * 9000}", ": expected valid TOML, got lists or tables that lie too deep in each other"),
    ],
)  # fmt: skip
def test_what_is_no_toml(text: str, message: str) -> None:
    with pytest.raises(PracticumError) as caught:
        Document.parse(text, "x.toml")
    assert str(caught.value) == f"x.toml{message}"


def test_all_mistakes_are_told_at_once_by_line() -> None:
    assert mistakes('weight = "x"\ntitle = 3\n[[row]]\nname = ""\nsize = "x"\n[[row]]\n') == [
        "x.toml:1: weight: expected a number, got 'x'",
        "x.toml:2: title: expected text in quotes, got 3",
        "x.toml:5: row[0].size: expected a number, got 'x'",
        "x.toml:6: row[1].name: expected this key, got none",
    ]


def test_a_misspelt_key_comes_before_the_missing_key_that_it_explains() -> None:
    assert mistakes('weight = "x"\ntitel = "x"\n[[row]]\nsize = "x"\nnane = "a"\n') == [
        "x.toml:1: weight: expected a number, got 'x'",
        "x.toml:2: titel: expected a key that is known here, got `titel` (did you mean `title`?); known: title, weight, row",
        "x.toml:1: title: expected this key, got none",
        "x.toml:4: row[0].size: expected a number, got 'x'",
        "x.toml:5: row[0].nane: expected a key that is known here, got `nane` (did you mean `name`?); known: name, size",
        "x.toml:3: row[0].name: expected this key, got none",
    ]


def test_a_list_that_is_too_short_because_its_item_is_wrong_is_no_mistake_of_its_own() -> None:
    assert mistakes('title = "x"\nrow = [\n  3,\n]\n') == ["x.toml:3: row[0]: expected a table, got 3"]
    assert mistakes('title = "x"\nrow = []\n') == ["x.toml:2: row: expected a list with at least one item, got []"]


def test_keys_are_written_as_their_author_would_and_on_one_line() -> None:
    assert mistakes(GOOD + '"a b\\n" = 3\n') == [
        'x.toml:7: row[0]."a b\\n": expected a key that is known here, got `"a b\\n"`; known: name, size'
    ]


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("[1.5, true, {a = 1}, [2027-01-01]]", "[1.5, true, {…}, [2027-01-01]]"),
        ("{}", "an empty table"),
        ('{ a = 1, "b c" = 2 }', 'a table with a, "b c"'),
        ("2027-01-01T10:00:00", "2027-01-01T10:00:00"),
        ("18:00:00", "18:00:00"),
        ("-inf", "-inf"),
        ("nan", "nan"),
        (f"0x{'f' * 4000}", "a number of more than 60 digits"),
        (f"[{'1, ' * 100}]", f"[{'1, ' * 25}1..."),
    ],
)
def test_values_are_shown_as_their_author_wrote_them(value: str, got: str) -> None:
    assert mistakes(GOOD.replace('"ü"', value)) == [f"x.toml:1: title: expected text in quotes, got {got}"]
