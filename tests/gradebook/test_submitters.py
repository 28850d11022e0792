"""Who submitted, put right: the file, the events, and what the gradebook makes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from practicum.course.roster import Student
from practicum.errors import PracticumError
from practicum.gradebook.event_csv import read_events, submittable
from practicum.gradebook.events import Event, Result, Submission, Submitter
from practicum.gradebook.submitters import Corrections
from practicum.gradebook.submitters_file import append_submitter, undo_submitter
from tests.course.conftest import DUE, book, shipped, small, submitted

AT = datetime(2027, 3, 20, 4, tzinfo=UTC)
ROSTER = [Student("ada"), Student("bob")]


def put(folder: Path, text: str) -> Path:
    (folder / "submitters.csv").write_text(text, encoding="utf-8")
    return folder


def test_rows_become_events_and_later_ones_win(tmp_path: Path) -> None:
    put(
        tmp_path,
        "lab,submitter,student,at,note\n"
        "lab,40013,bob,,\n# a remark,,,,\n,40013,ada,2027-03-20 12:00,first of all labs\nlab,４００１３,,2027-03-21,not his\n",
    )
    read = read_events(tmp_path, small(zone="Asia/Shanghai"), ROSTER)
    assert read == [
        Submitter("40013", "ada", "", AT, "first of all labs"),
        Submitter("４００１３", "", "lab", datetime(2027, 3, 21, 15, 59, 59, tzinfo=UTC), "not his"),
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("lab,,ada", r"submitters\.csv:2: expected a value in column `submitter`"),
        ("lab,40013,adda", r"submitters\.csv:2: no student `adda` \(did you mean `ada`\?\)"),
        ("lub,40013,ada", r"submitters\.csv:2: no lab `lub` \(did you mean `lab`\?\)"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, rows: str, message: str) -> None:
    put(tmp_path, f"lab,submitter,student\n{rows}\n")
    with pytest.raises(PracticumError, match=message):
        read_events(tmp_path, small(), ROSTER)


def test_work_goes_under_labs_and_items_that_labs_do_not_fill() -> None:
    assert submittable(small()) == ["lab"]
    names = submittable(shipped("cs324"))
    assert {"perceptron", "backprop", "demo", "a1"} <= set(names), "a1 has a report, too"


def test_the_gradebook_counts_the_work_for_whose_it_is() -> None:
    unknown = submitted("40013", "lab", DUE, 80)
    correction = Submitter("40013", "ada", "", AT, "Canvas id")
    for events in permutations([*unknown, correction]):
        found = book(small(), events, ["ada", "bob"])
        assert [row.total for row in found.students] == [80, 0]
        assert found.problems == ()
        assert found.of("ada").corrections == (correction,)
        assert found.of("bob").corrections == ()
    assert any(p.startswith("submissions of 40013, who is not on the roster") for p in book(small(), unknown).problems)


def test_what_is_forgotten_counts_for_nobody_and_is_no_problem() -> None:
    events: list[Event] = [*submitted("40013", "lab", DUE, 80), *submitted("ada", "lab", DUE, 60)]
    found = book(small(), [*events, Submitter("40013", ""), Submitter("ada", "", "lab", AT, "a test of mine")])
    assert (found.students[0].total, found.students[0].items[0].status, found.problems) == (0, "missing", ())
    assert [c.note for c in found.students[0].corrections] == ["a test of mine"]


def test_a_swap_swaps_and_one_lab_comes_before_all() -> None:
    events: list[Event] = [*submitted("ada", "lab", DUE, 80), *submitted("bob", "lab", DUE, 60)]
    swap = [Submitter("ada", "bob"), Submitter("BOB", "ada")]
    assert [row.total for row in book(small(), [*events, *swap], ["ada", "bob"]).students] == [60, 80]
    one = [*swap, Submitter("ada", "ada", "lab")]
    assert book(small(), [*events, *one], ["ada", "bob"]).students[0].total == 80
    later = Submitter("ada", "bob", "lab", AT + timedelta(days=1))
    for order in permutations([Submitter("ada", "ada", "lab", AT), later]):
        assert Corrections(order).owner("lab", "ada") == "bob"


def test_a_correction_of_nothing_is_told() -> None:
    assert book(small(), [Submitter("4001", "ada", "lab")]).problems == (
        "a correction for what 4001 submitted for lab, and there is no such submission",
    )


def test_scores_stay_exact_and_other_labs_stay_where_they_are() -> None:
    events: list[Event] = [
        Submission("a", "x", "lab", DUE), Result("a", "x", "lab", Decimal("33.3"), Decimal(100)),
        Submission("b", "x", "other", DUE),
    ]  # fmt: skip
    found = book(small(), [*events, Submitter("x", "ada", "lab")])
    assert found.students[0].total == Decimal("33.3")
    assert any(p.startswith("submissions of x, who is not on the roster") for p in found.problems)


def test_rows_are_appended_and_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "submitters.csv"
    first = Submitter("40013", "ada", "", AT, "Canvas id,\n seen in class")
    append_submitter(file, first)
    append_submitter(file, Submitter("=1+2", "", "lab", AT))
    assert file.read_text() == (
        "lab,submitter,student,at,note\n"
        ',40013,ada,2027-03-20T04:00:00+00:00,"Canvas id, seen in class"\n'
        "lab,'=1+2,,2027-03-20T04:00:00+00:00,\n"
    )
    read = read_events(tmp_path, small(), ROSTER)
    assert read[1] == Submitter("=1+2", "", "lab", AT)
    assert undo_submitter(file)["submitter"] == "'=1+2"
    assert undo_submitter(file)["student"] == "ada"
    assert file.read_text() == "lab,submitter,student,at,note\n"
    with pytest.raises(PracticumError, match="expected a correction to take back, got none"):
        undo_submitter(file)
    assert [path.name for path in tmp_path.iterdir()] == ["submitters.csv"]


def test_the_form_of_a_file_by_hand_is_kept(tmp_path: Path) -> None:
    file = put(tmp_path, "Submitter;Student;Note\n# by hand\n40013;ada;x") / "submitters.csv"
    append_submitter(file, Submitter("40014", "bob", note="y;z"))
    assert file.read_text() == 'Submitter;Student;Note\n# by hand\n40013;ada;x\n40014;bob;"y;z"\n'
    with pytest.raises(PracticumError, match="expected columns lab, submitter, student, at, note in UTF-8"):
        append_submitter(file, Submitter("40015", "bob", "lab"))
    file.write_text(file.read_text() + '40015;ada;"two\nlines"\n# the end\n')
    undo_submitter(file)
    assert file.read_text().endswith('"y;z"\n# the end\n')
    file.write_text(file.read_text() + "40016;ada;one\u2028line\n40017;ada;last\n")
    undo_submitter(file)
    assert file.read_text().endswith("# the end\n40016;ada;one\u2028line\n")
