"""Reads a folder of submissions and compares them, once.

python once.py LAB FOLDER          prints the seconds of both and what came of it, as JSON
"""

import json
import sys
import time
from datetime import UTC
from pathlib import Path

from practicum.integrity.compare import compare
from practicum.integrity.reading import read_class
from practicum.labs.inbox import Inbox
from practicum.labs.lab import load_lab


def main(lab: Path, folder: Path) -> None:
    """Read, compare, print."""
    began = time.perf_counter()
    works = read_class(Inbox(folder), load_lab(lab), UTC)
    read = time.perf_counter()
    comparison = compare(works)
    compared = time.perf_counter()
    flagged = sum(one.flagged for one in comparison.found)
    print(json.dumps({"submissions": len(works), "reading": read - began, "comparing": compared - read, "flagged": flagged}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
