"""Feedback pages and class reports: complete, self-contained, and safe to open."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from practicum.labs.lab import Lab
from practicum.reports.class_report import class_report, write_report
from practicum.reports.student_page import feedback_page, write_feedback
from practicum.sandbox.outcome import Outcome
from practicum.store.records import StoredResult, StoredSubmission
from practicum.store.results import CheckResult, GradedSubmission, Provenance
from tests.grading.tiny import tiny_lab

EVIL = '<script>alert(1)</script><img src=x onerror="x">\u202e&amp;\x1b[31m'
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
MADE = Provenance(
    lab_sha256="a" * 64, seed=1234567, versions={"python": "3.11.7", "numpy": "2.3"}, limits={"cpu_seconds": 60}, sandbox="bwrap"
)
VOID = {"meta", "br", "img", "link", "hr", "path", "use"}


def check(name: str, outcome: Outcome = "passed", points: str = "2", hidden: bool = False, **more: str) -> CheckResult:
    return CheckResult(
        name=name, title=f"Title of {name}", hidden=hidden, points=Decimal(points), out_of=Decimal(2), outcome=outcome, **more
    )


def stored(student: str, *checks: CheckResult, day: int = 0, notes: tuple[str, ...] = ()) -> StoredResult:
    submission = StoredSubmission(1, f"{student}{day}", "sums", student, NOON + timedelta(days=day), "c" * 64)
    graded = GradedSubmission(
        lab="sums", student=student, submission="c" * 64, checks=checks, provenance=MADE, notes=notes, seconds=0.1
    )
    return StoredResult(day, submission, graded, True, NOON)


class Strict(HTMLParser):
    """Fails on what a page must not hold, and on tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "iframe", "object", "embed", "form", "link", "img")
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("src", "action")
            if name == "href" or name.endswith(":href"):
                assert (value or "").startswith("#")
            if name == "id":
                assert value not in self.ids, f"two elements have the id {value}"
                self.ids.add(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)


def read(html: str) -> str:
    """The text of a page that passes all rules."""
    parser = Strict()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    assert "default-src 'none'" in html
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"|http-equiv', "", html), "a page needs nothing from elsewhere"
    return " ".join(" ".join(parser.words).split())


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return tiny_lab(tmp_path / "sums")


def test_a_page_says_points_messages_hints_and_notes(lab: Lab) -> None:
    page = read(
        feedback_page(
            lab,
            [
                stored(
                    "s001",
                    check("test_a"),
                    check("test_b", "failed", "0", message="expected 4\ngot 5", hint="look again"),
                    check("test_c", "partial", "0.6667"),
                    notes=("answer (2).py was taken as answer.py",),
                )
            ],
        )
    )
    for said in ("2.67 of 6 points", "expected 4 got 5", "look again", "Title of test_c", "0.67 / 2", "was taken", "numpy 2.3"):
        assert said in page


def test_times_are_told_of_public_checks_only(lab: Lab) -> None:
    shown = msgspec.structs.replace(check("test_a"), seconds=2.345, cpu_seconds=1.234)
    secret = msgspec.structs.replace(check("test_h", hidden=True), seconds=7.891, cpu_seconds=6.543)
    page = read(feedback_page(lab, [stored("s001", shown, secret, check("test_old"))]))
    assert page.count("1.23 s of processor time, 2.35 s by the clock") == 1
    assert page.count("by the clock") == 1


def test_what_a_student_wrote_is_never_markup(lab: Lab) -> None:
    results = [stored("s001", check("test_a", "raised", "0", message=EVIL, hint="h"), notes=(EVIL,))]
    for html in (feedback_page(lab, results), class_report(lab, results)):
        read(html)
        assert "<script" not in html
        assert "\u202e" not in html
        assert "\x1b" not in html


def test_what_is_for_the_teacher_stays_out_of_feedback(lab: Lab) -> None:
    hidden = check("test_h", "failed", "0", hidden=True, private="expected 31337", message="", hint="any two numbers")
    html = feedback_page(lab, [stored("s001", hidden)])
    assert "31337" not in html
    assert str(MADE.seed) not in html
    assert "any two numbers" in html
    assert "hidden check" in html


def test_the_latest_attempt_is_shown_and_all_are_listed(lab: Lab, tmp_path: Path) -> None:
    attempts = [stored("s001", check("test_a"), day=1), stored("s001", check("test_a", "failed", "0"), day=0)]
    (file,) = write_feedback(lab, attempts, tmp_path / "feedback")
    page = read(file.read_text("utf-8"))
    assert "2 of 2 points" in page
    assert "2027-03-01 12:00:00 UTC 0 / 2" in page
    assert file.name == "s001.html"


def test_a_report_has_plots_the_most_failed_checks_and_everyone(lab: Lab, tmp_path: Path) -> None:
    results = [
        stored("s001", check("test_a"), check("test_b")),
        stored("s002", check("test_a", "timeout", "0"), check("test_b", "partial", "1")),
        stored("s003", check("test_a", "crashed", "0"), check("test_b")),
    ]
    html = write_report(lab, results, tmp_path / "new" / "report.html").read_text("utf-8")
    page = read(html)
    assert html.count("<svg") == 3
    assert html.count('role="img" aria-labelledby') == 3
    for said in ("s003", "2 of 3", "out of time 1, crashed 1", "by points: 0.8 to 1.2: 1", "1234567", "test_b: 2 all, 1 part"):
        assert said in page
    assert page.index("2 of 3") < page.index("1 of 3")
    assert "could not judge" not in page
    assert html == class_report(lab, results), "the same results give the same report"


def test_a_report_points_at_broken_checks(lab: Lab) -> None:
    page = read(class_report(lab, [stored("s001", check("test_a", "broken", "0", private="KeyError: 'loss' in test_a.py:12"))]))
    assert "Checks that could not judge" in page
    assert "KeyError" in page


def test_a_report_of_nothing(lab: Lab) -> None:
    assert "Nothing is graded yet" in read(class_report(lab, []))
