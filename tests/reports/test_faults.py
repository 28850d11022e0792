"""What to fix first: one fault is one entry, with all the checks that it costs."""

from __future__ import annotations

from decimal import Decimal

from practicum.reports.faults import faults, fix_first
from practicum.sandbox.outcome import Outcome
from practicum.store.results import CheckResult


def check(name: str, outcome: Outcome, message: str = "", got: str = "0", of: str = "2", hidden: bool = False) -> CheckResult:
    return CheckResult(
        name=name, title=f"Title {name}", hidden=hidden, points=Decimal(got), out_of=Decimal(of), outcome=outcome, message=message
    )


RAISED = "your code raised ValueError: shapes ({0},) ({1},)\nlinear.py:31 in fit: step()\nlinear.py:{line} in step: x @ w"


def test_the_same_error_in_five_checks_is_one_entry_that_names_the_five() -> None:
    five = [check(f"t{n}", "raised", RAISED.format(n, n + 1, line=12)) for n in range(4)]
    five.append(check("t4", "raised", "your code raised ValueError at linear.py:12", hidden=True))
    other = check("u", "raised", RAISED.format(3, 4, line=13), of="9")
    passed = check("v", "passed", got="2")
    found = faults([*five[:2], passed, other, *five[2:]])
    assert [[c.name for c in fault.checks] for fault in found] == [["t0", "t1", "t2", "t3", "t4"], ["u"]]
    assert [fault.lost for fault in found] == [10, 9]
    assert [fault.lost for fault in faults([other, *five])] == [10, 9], "whichever came first"
    told = fix_first([*five, other, passed])
    assert told is not None
    assert told[0] == "your code raised ValueError: shapes (0,) (1,)"
    assert told[1] == "This costs 10 points in 5 checks: Title t0; Title t1; Title t2; Title t3; Title t4"


def test_messages_that_differ_in_numbers_alone_are_one_fault() -> None:
    a = check("a", "failed", "loss: expected 0.404, got 12.9: that is the sum, the mean is expected")
    b = check("b", "failed", "loss: expected -1.5e-3, got 2: that is the sum, the mean is expected")
    c = check("c", "failed", "gradient: expected 0.404, got 12.9")
    assert [len(fault.checks) for fault in faults([a, b, c])] == [2, 1]


def test_what_is_not_written_counts_by_its_place() -> None:
    a = check("a", "missing", "not written yet: step() at linear.py:7")
    b = check("b", "missing", "not written yet at linear.py:7", hidden=True)
    c = check("c", "missing", "not written yet: fit() at linear.py:9")
    assert [len(fault.checks) for fault in faults([a, b, c])] == [2, 1]


def test_what_is_written_and_wrong_comes_before_what_is_not_written_and_that_in_the_order_of_the_checks() -> None:
    first = check("a", "missing", "not written yet: step() at linear.py:7", of="1")
    second = check("b", "missing", "not written yet: fit() at linear.py:9", of="9")
    wrong = check("c", "failed", "expected 1, got 2", of="1")
    assert fix_first([first, second]) == ("not written yet: step() at linear.py:7", "This costs 1 point in a check: Title a")
    assert fix_first([first, second, wrong]) == ("expected 1, got 2", "This costs 1 point in a check: Title c")


def test_hidden_checks_that_say_nothing_stand_alone_and_one_loss_needs_no_order() -> None:
    silent = [check(name, "failed", hidden=True) for name in "ab"]
    assert [len(fault.checks) for fault in faults(silent)] == [1, 1]
    assert fix_first(silent) is None
    assert fix_first([check("a", "failed", "expected 1, got 2"), check("b", "passed", got="2")]) is None
    assert faults([check("a", "broken", "the check could not read")]) == []
    half = check("h", "partial", "of ten", got="1.5")
    first = fix_first([half, *silent])
    assert first == ("of ten", "This costs 0.5 points in a check: Title h")
