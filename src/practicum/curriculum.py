"""Where the courses, labs and topics that come with Practicum lie."""

import os
from pathlib import Path

from practicum.errors import PracticumError


def curriculum() -> Path:
    """Return the folder of courses, labs and topics.

    It is `$PRACTICUM_CURRICULUM` if set, the source tree's `curriculum/` when run from one, else the package's own copy.

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
    return tree if package.parent.name == "src" and tree.is_dir() else package / "curriculum"
