"""What a check asks so that points come from the work: which libraries a submission has loaded."""

from __future__ import annotations

from practicum.sandbox.proxy import StudentCode


def assert_not_imported(student: StudentCode, *modules: str, instead: str) -> None:
    """Say that none of these modules is loaded in the student's process, wherever its code imports it from.

    Ask after the code has run: an import may stand in a function. Code that takes the module out of `sys.modules` again is not
    seen; a check of what only the real thing does has to catch it.

    Args:
        student: The submission.
        modules: Names as they are imported, like "torch" or "sklearn.linear_model".
        instead: What is expected instead, for the message.

    Raises:
        AssertionError: One of them is loaded; the message names all that are.
    """
    if found := student.loaded(*modules):
        raise AssertionError(f"expected {instead}, but your files import {' and '.join(found)}: remove the import")
