"""Which deadline a student has, where it decides what counts: of a repository, the last commit before it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from practicum.cli.grade_inbox import labs_and_inboxes
from practicum.course.calendar import due as due_of
from practicum.course.workspace import Workspace, init


@pytest.fixture(scope="module")
def term(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = init("cs324", tmp_path_factory.mktemp("term") / "term")
    made.roster_file.write_text("id,name\ns001,Jo\ns002,Ann\n")
    return made


def test_the_deadline_of_a_repository_is_the_students_own(term: Workspace) -> None:
    course = term.course()
    item = course.labs["perceptron"]
    due = due_of(course, item)
    assert due is not None
    later = due + timedelta(days=2)
    (term.root / "extensions.csv").write_text(f"student,item,until\ns002,{item.name},{later.isoformat()}\n")
    [(_, inbox, _)] = labs_and_inboxes("perceptron", Path(term.root), term, None)
    assert [inbox.due(student) for student in ("s001", "s002", "nobody")] == [due, later, due]


def test_other_files_of_the_workspace_matter_to_nobody_who_has_no_repository(term: Workspace) -> None:
    (term.root / "extensions.csv").write_text("student,item,until\nnobody,none,never\n")
    assert list(labs_and_inboxes("perceptron", Path(term.root), term, None))


def test_outside_of_a_course_there_is_no_deadline(tmp_path: Path) -> None:
    [(_, inbox, _)] = labs_and_inboxes("perceptron", tmp_path, None, None)
    assert inbox.due("s001") is None
