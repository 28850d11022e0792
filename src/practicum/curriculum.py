"""Where the courses, labs and topics that come with Practicum lie. They are a distribution of their own, for those who teach."""

import os
from importlib.util import find_spec
from pathlib import Path

from practicum.errors import PracticumError

PACKAGE = "practicum_curriculum"
MISSING = "the courses and labs that come with Practicum are not installed here: pip install practicum-curriculum"


def curriculum() -> Path:
    """Return the folder of courses, labs and topics.

    It is `$PRACTICUM_CURRICULUM` if set, the source tree's `curriculum/` when run from one, else the installed package
    `practicum_curriculum`.

    Raises:
        PracticumError: `$PRACTICUM_CURRICULUM` is no folder, or none of them is there.
    """
    found = find_curriculum()
    if found is None:
        raise PracticumError(MISSING)
    return found


def find_curriculum() -> Path | None:
    """Return the folder that `curriculum` returns, or None where none of them is there.

    Raises:
        PracticumError: `$PRACTICUM_CURRICULUM` is no folder.
    """
    stated = os.environ.get("PRACTICUM_CURRICULUM")
    if stated:
        if not Path(stated).is_dir():
            raise PracticumError(f"PRACTICUM_CURRICULUM: expected a folder, got {stated}")
        return Path(stated)
    package = Path(__file__).resolve().parent
    tree = package.parents[1] / "curriculum"
    if package.parent.name == "src" and tree.is_dir():
        return tree
    installed = find_spec(PACKAGE)
    return Path(installed.origin).parent if installed and installed.origin else None
