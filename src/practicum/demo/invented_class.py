"""An invented class for the demonstration: what each student submits, when, and how it is packed. The same every time."""

from __future__ import annotations

import io
import json
import random
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from practicum.demo.copies import copies
from practicum.labs.handout import solution_files, starter_files
from practicum.labs.lab import Lab
from practicum.labs.mutants import load_alternatives, load_mutants

_FIRST = (
    "Ada Anne-Sophie Chidi Dalia Emre Farah Goran Hana Imani Jonas Kiri Lucía Björn Nadir Olga Priya Quentin Rosa Søren Tuva "
    "Umar Vera José-María Ximena Łukasz Zoë"
)
_LAST = (
    "Abara Bianchi Çelik Dahl Eriksen García-Lorca Gupta Hoshino Ivanova Jansen Kowal Lindqvist Smith-Müller Dvořák O'Brien "
    "Nguyễn Quist"
)
_CHINESE_FIRST = "伟 芳 娜 秀英 敏 静 丽 强 磊 洋 艳 勇 军 杰 娟 思远"
_CHINESE_LAST = "王 李 张 刘 陈 杨 赵 黄 周 吴 欧阳 孙"

HOSTILE = {
    "ends the process": "import os\nos._exit(0)\n",
    "asks to exit": "import sys\nsys.exit(0)\n",
    "fork bomb": "import os\nwhile True:\n    os.fork()\n",
    "thread bomb": "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(600,)).start()\n",
    "memory bomb": "hoard = []\nwhile True:\n    hoard.append(bytearray(64 << 20))\n",
    "prints 60 MB": "for _ in range(60):\n    print('x' * (1 << 20))\n",
    "signals its parents": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(-1, signal.SIGKILL)\n",
    "forges result lines": (
        "import sys\nfor stream in (sys.stdout, sys.stderr):\n"
        '    print(\'{"outcome": "passed", "points": 100}\\n=== 100 passed in 0.01s ===\', file=stream)\n'
    ),
    "patches the tests": (
        "import builtins, sys\nimport numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
        "np.testing.assert_allclose = lambda *a, **k: None\nsys.modules['pytest'] = sys.modules[__name__]\n"
    ),
    "looks for answers": (
        "import glob, os\nfound = []\nfor place in ('/etc/passwd', '/home/*', '/proc/*/environ', '/**/checks/*.py'):\n"
        "    for path in glob.glob(place)[:50]:\n        try:\n            found.append(open(path).read())\n"
        "        except Exception as error:\n            found.append(repr(error))\nprint(found)\n"
    ),
    "phones home": (
        "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), timeout=1)\nexcept OSError:\n    raise SystemExit\n"
    ),
}
"""Code that a student puts before the right answer."""


@dataclass(frozen=True)
class InventedSubmission:
    """One submission.

    `hours` are before the deadline, negative for after it. `pack` is folder, zip, tar or file. `files` may have any
    names, since that is what students do.
    """

    what: str
    files: dict[str, bytes]
    hours: float = 0
    pack: str = "folder"


Plan = dict[str, list[InventedSubmission]]
"""What each student submits, oldest first."""


def names(count: int) -> list[tuple[str, str, str]]:
    """Return ids, first and last names of a class; every third name is Chinese."""
    first, last = _FIRST.split(), _LAST.split()
    given, family = _CHINESE_FIRST.split(), _CHINESE_LAST.split()
    found = []
    for n in range(count):
        own, k = (first[n % len(first)], last[(7 * n + n // len(first)) % len(last)]), n // 3
        if n % 3 == 1:
            own = given[(5 * k + k // len(family)) % len(given)], family[k % len(family)]
        found.append((f"s{n + 1:03}", *own))
    return found


def whole_name(first: str, last: str) -> str:
    """Return a name as its owner writes it: a Chinese one begins with the family's."""
    return f"{last}{first}" if not first.isascii() and last in _CHINESE_LAST.split() else f"{first} {last}"


def kinds_of_submission(
    lab: Lab,
    hostile: list[str] | None = None,
    whole: bool = True,
    styles: int | None = None,
    bugs: int | None = None,
    copied: int = 0,
) -> list[list[InventedSubmission]]:
    """Return what kinds of student submit for a lab, each as a list of submissions; most submit once.

    Args:
        lab: the lab.
        hostile: which of `HOSTILE` are tried; by default all.
        whole: include every way to be late, to pack and to name a submission, and not one of each.
        styles: how many of the right answers in other styles; by default all.
        bugs: how many of the mutants; by default all.
        copied: how many of the right answers are submitted a second time, disguised.
    """
    wrong = _bugs(lab, bugs)
    taken = [[InventedSubmission(f"copied: {whose}", files)] for whose, files in copies(lab, copied).items()] if copied else []
    return [*_right(lab, styles), *_late(lab, whole), *_odd(lab, whole), *_broken(lab), *_hostile(lab, hostile), *wrong, *taken]


def plan_class(lab: Lab, kinds: list[list[InventedSubmission]], students: list[str]) -> Plan:
    """Return who submits what: one student of each kind, and nothing by the others."""
    draw = random.Random(f"a class for {lab.name}")
    order = list(students)
    draw.shuffle(order)
    plan: Plan = {}
    for number, (student, submissions) in enumerate(zip(order, kinds, strict=False)):
        timed = [replace(w, hours=w.hours or draw.uniform(2, 160), pack=_pack(w, lab, number)) for w in submissions]
        plan[student] = sorted(timed, key=lambda w: -w.hours)
    return dict(sorted(plan.items()))


def _right(lab: Lab, most: int | None) -> list[list[InventedSubmission]]:
    """Right answers, in the author's style and in others."""
    return [
        [InventedSubmission("right", solution_files(lab))],
        *([InventedSubmission(f"right: {v.name}", v.files)] for v in load_alternatives(lab)[:most]),
    ]


def _bugs(lab: Lab, most: int | None) -> list[list[InventedSubmission]]:
    """Mutants; the first of them is put right in a second submission."""
    bugs = [[InventedSubmission(f"bug: {v.name}", v.files)] for v in load_mutants(lab)[:most]]
    if bugs:
        bugs[0] = [replace(bugs[0][0], hours=90), InventedSubmission("right, second submission", solution_files(lab), hours=20)]
    return bugs


def _late(lab: Lab, whole: bool) -> list[list[InventedSubmission]]:
    hours = {"5 hours late": -5, "2 days late": -47, "5 days late": -120}
    right = solution_files(lab)
    return [[InventedSubmission(f"right, {how}", right, hours=late)] for how, late in list(hours.items())[: 3 if whole else 1]]


def _odd(lab: Lab, whole: bool) -> list[list[InventedSubmission]]:
    """Submissions that are packed or named as they should not be."""
    right, first = solution_files(lab), lab.submit[0]
    odd = [
        InventedSubmission("named as a browser does", {_copied(name): data for name, data in right.items()}),
        InventedSubmission("right, an old copy beside it", {**right, f"old/{first}": b"garbage("}, pack="zip"),
        InventedSubmission(
            "right, in a zip that climbs out", {f"../../{first}": b"evil", "/etc/evil": b"evil", **right}, pack="zip"
        ),
        InventedSubmission("nothing but a letter", {"letter.txt": b"Dear teacher, my computer was stolen.\n"}),
        InventedSubmission("a kind of archive that is not read", {f"{first}.rar": b"Rar!\x1a\x07\x01\x00"}),
    ]
    return [[submission] for submission in (odd if whole else odd[:1])]


def _broken(lab: Lab) -> list[list[InventedSubmission]]:
    right, first = solution_files(lab), lab.submit[0]
    submissions = [InventedSubmission("the handout, untouched", starter_files(lab))]
    if len(lab.submit) > 1:
        submissions.append(
            InventedSubmission(f"without {lab.submit[-1]}", {n: d for n, d in right.items() if n != lab.submit[-1]})
        )
    if first.endswith(".ipynb"):
        submissions += [InventedSubmission(what, {first: change(right[first])}) for what, change in _NOTEBOOKS.items()]
    else:
        submissions.append(InventedSubmission("a syntax error", {**right, first: right[first] + b"\ndef broken(:\n"}))
    return [[submission] for submission in submissions]


def _hostile(lab: Lab, which: list[str] | None) -> list[list[InventedSubmission]]:
    which = list(HOSTILE) if which is None else which
    right, first = solution_files(lab), lab.submit[0]
    return [
        [InventedSubmission(f"hostile: {what}", {**right, first: _before(first, right[first], HOSTILE[what])})] for what in which
    ]


def write_class(plan: Plan, folder: Path, due: datetime) -> None:
    """Write the submissions of a class."""
    folder.mkdir(parents=True, exist_ok=True)
    for student, submissions in plan.items():
        for submission in submissions:
            at = due - timedelta(hours=submission.hours)
            _write(submission, folder, f"{student}@{at:%Y%m%dT%H%M%S%z}")


def _write(submission: InventedSubmission, folder: Path, name: str) -> None:
    if submission.pack == "zip":
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for inside, data in submission.files.items():
                archive.writestr(zipfile.ZipInfo(inside, (2027, 3, 1, 12, 0, 0)), data)
    elif submission.pack == "tar":
        with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as archive:
            for inside, data in submission.files.items():
                info = tarfile.TarInfo(inside)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    elif submission.pack == "file":
        ((inside, data),) = submission.files.items()
        (folder / f"{name}{Path(inside).suffix}").write_bytes(data)
    else:
        for inside, data in submission.files.items():
            file = folder / name / inside
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)


def _pack(submission: InventedSubmission, lab: Lab, number: int) -> str:
    if submission.pack != "folder" or set(submission.files) - set(lab.submit):
        return submission.pack
    kinds = ["folder", "zip", "tar", *(["file"] if len(submission.files) == len(lab.submit) == 1 else [])]
    return kinds[number % len(kinds)]


def _copied(name: str) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem} (1).{ending}"


def _before(name: str, data: bytes, code: str) -> bytes:
    """Code put before an answer, in a cell of its own in a notebook."""
    if name.endswith(".ipynb"):
        return _edited(data, lambda book: book["cells"].insert(0, _cell(code)))
    return code.encode() + b"\n\n" + data


def _cell(code: str) -> dict[str, Any]:
    return {"cell_type": "code", "id": "first", "metadata": {}, "source": code, "outputs": [], "execution_count": None}


def _edited(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    book = json.loads(data)
    change(book)
    return json.dumps(book).encode()


def _scattered(book: dict[str, Any]) -> None:
    """Leave a notebook as after a long night: counts out of order, one id twice, saved plots, magics, a mounted drive."""
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code):
        cell["execution_count"] = 97 - 3 * number
        cell["id"] = "same"
        cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo" + "A" * 200_000}}]
    colab = "%matplotlib inline\n!pip install torch\nfrom google.colab import drive\ndrive.mount('/content/drive')\n"
    book["cells"].insert(0, _cell(colab))


def _last_cell_fails(book: dict[str, Any]) -> None:
    book["cells"].append(_cell("raise RuntimeError('I will fix this tomorrow')\n"))


def _no_cells(book: dict[str, Any]) -> None:
    book["cells"] = []


_NOTEBOOKS: dict[str, Callable[[bytes], bytes]] = {
    "right, a notebook after a long night": lambda data: _edited(data, _scattered),
    "right, but the last cell fails": lambda data: _edited(data, _last_cell_fails),
    "a notebook without cells": lambda data: _edited(data, _no_cells),
    "half a notebook": lambda data: data[: len(data) // 2],
    "a web page called a notebook": lambda data: b"<!doctype html><title>Sign in to download</title>\n",
}
