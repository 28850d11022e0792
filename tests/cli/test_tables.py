"""Tables at every width: no row loses its points, and nothing of a row is cut where it can go on below."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

import practicum.cli
from practicum.cli.grade_view import print_preview, print_report
from practicum.cli.tables import PIPED, print_table, terminal
from practicum.cli.verify_table import render_report
from practicum.grading.grade import Report
from practicum.grading.regrade import Change, CheckChange, Preview
from practicum.grading.verify import LabReport, Verdict
from practicum.store.records import StoredResult, StoredSubmission
from practicum.store.results import CheckResult, GradedSubmission, Provenance

WIDTHS = (40, 60, 80, 200)
MADE = Provenance(lab_sha256="a", seed=1, versions={}, limits={}, sandbox="none")
LAB: Any = SimpleNamespace(title="Backpropagation by hand", name="backprop", points=Decimal("75.25"))
STUDENTS = ("s001", "zhang.weiming_2027000123@connect.example.org", "bo")


def console(width: int) -> Console:
    return Console(file=io.StringIO(), width=width, highlight=False)


def printed(out: Console) -> list[str]:
    assert isinstance(out.file, io.StringIO)
    lines = out.file.getvalue().splitlines()
    assert all(len(line) <= out.width for line in lines)
    return lines


def graded(student: str, points: str) -> GradedSubmission:
    worth = [(points, "failed"), *[("0.25", "passed")] * 29]
    checks = tuple(
        CheckResult(
            name=f"test_{n}", title="", hidden=False, points=Decimal(p), out_of=Decimal("100068" if n == 0 else "0.25"),
            outcome=outcome, message="expected 1, got 2, which is long enough to be cut somewhere",
        )
        for n, (p, outcome) in enumerate(worth)
    )  # fmt: skip
    return GradedSubmission(lab="backprop", student=student, submission="c" * 64, checks=checks, provenance=MADE)


def stored(student: str, points: str) -> StoredResult:
    at = datetime(2027, 3, 20, 4, tzinfo=UTC) + timedelta(days=len(student))
    submission = StoredSubmission(1, student, "backprop", student, at, "c" * 64)
    return StoredResult(1, submission, graded(student, points), True, at)


@pytest.mark.parametrize("width", WIDTHS)
def test_results_keep_every_students_points(width: int) -> None:
    out = console(width)
    print_report(LAB, Report(None, [stored(s, f"{n}.5") for n, s in enumerate(STUDENTS)], 3, 0), out)
    lines = printed(out)
    for number, student in enumerate(STUDENTS):
        row = next(line for line in lines if line.startswith(student[:6]))
        assert f" {number + 7.75:g}/100075.25 " in row + " ", row
    text = re.sub(r"\s", "", "".join(lines))
    assert text.count("●") == 29 * 3, "a glyph of a check is lost"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_regrade_keeps_points_before_and_after(width: int) -> None:
    out = console(width)
    changes = []
    for student in STUDENTS:
        before, after = stored(student, "1.5"), stored(student, "13")
        moved = CheckChange("test_0", before.graded.checks[0], after.graded.checks[0])
        changes.append(Change(before.submission, before.graded, after.graded, (moved,), ()))
    print_preview(Preview(None, changes, 0, [], [], []), out, published=False)
    text = "\n".join(printed(out))
    assert text.count("8.75/100075.25 → 20.25/100075.25") == 3
    assert text.count("+11.5") == 3
    assert len(re.findall(r"\b0 1\.5 →", text)) == 3


@pytest.mark.parametrize("width", WIDTHS)
def test_a_proof_keeps_the_points_of_every_answer(width: int) -> None:
    out = console(width)
    check = graded("x", "1").checks[0]
    names = ("test_forward_of_a_layer", "test_training_reaches_the_accuracy")
    lost, seeds = dict.fromkeys(names, check), {name: [0, 1] for name in names}
    title = "Divides by the sum over the wrong axis"
    verdicts = tuple(
        Verdict(f"wrong_axis_{n}", "mutant", title, frozenset(names), lost, seeds, (62.25, 68.5), 3.0, 2) for n in range(3)
    )
    report = LabReport(LAB, {"test_a": 1.0}, frozenset(), verdicts, (0, 1), 1000, (), ())
    render_report(report, out)
    lines = printed(out)
    assert sum("62.25–68.5 / 75.25" in line for line in lines) == 3
    assert sum(line.rstrip().endswith("1.50") for line in lines) == 3


@pytest.mark.parametrize("width", WIDTHS)
def test_a_gradebook_of_twenty_items_loses_none(width: int) -> None:
    table = Table(box=None)
    table.add_column("student", no_wrap=True)
    for item in range(20):
        table.add_column(f"item{item:02}\n/100", justify="right", no_wrap=True)
    for row, student in enumerate(STUDENTS):
        table.add_row(student, *(f"{row}{item:02}.25*" for item in range(20)))
    out = console(width)
    print_table(table, out)
    text = "\n".join(printed(out))
    for item in range(20):
        assert text.count(f"item{item:02}") == 1
        for row in range(3):
            assert text.count(f"{row}{item:02}.25*") == 1
    assert text.count("s001") == text.count("student") > (width < 200)


def test_what_fits_is_one_table_and_where_nobody_watches_everything_fits() -> None:
    out = terminal(io.StringIO())
    assert out.width == (int(os.environ["COLUMNS"]) if "COLUMNS" in os.environ else PIPED)
    table = Table("a", "b", box=None)
    table.add_row("x" * 60, "y" * 70)
    out = console(200)
    print_table(table, out)
    assert len(printed(out)) == 2


def test_every_table_of_a_command_is_printed_so() -> None:
    """A table that goes to `console.print` is as wide as it likes; only `print_table` may do that."""
    for path in Path(practicum.cli.__file__).parent.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "Table(" not in text or path.name == "tables.py":
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "print":
                said = ast.unparse(node)
                assert not re.search(r"print\(table\b|\w+_view\(|print\(_\w+\(", said), f"{path.name}:{node.lineno}: {said}"


ODD = "import sys\nfrom practicum.cli.streams import show_what_can_be_shown\nshow_what_can_be_shown()\n"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "✓ ✗ ● → – 李 é"),
        ("cp1252", r"+ x # -> – \u674e é"),
        ("gbk", "+ x ● → – 李 é"),
        ("ascii", r"+ x # -> - \u674e \xe9"),
    ],
)
def test_what_a_console_cannot_show_has_another_form(encoding: str, shown: str) -> None:
    code = ODD + "for stream in (sys.stdout, sys.stderr): print('✓ ✗ ● → – 李 é', file=stream)"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONIOENCODING": encoding}, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode(encoding).strip() == shown
    assert done.stderr.decode(encoding).strip() == shown
