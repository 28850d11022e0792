"""A lab's hash: it changes when something changes that points depend on, and with nothing else.

It covers the settings of `lab.toml` and the files in `source/`, `checks/` and `hidden_data/`; not the task sheet, the lesson,
mutants, alternatives and notes for teachers. `docs/decisions/0010-lab-hash.md` says why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from practicum.toml import Document

FOLDERS = ("source", "checks", "hidden_data")
PROVEN = (*FOLDERS, "bugs", "alternatives", "cheats")
EQUIVALENT = "equivalent.toml"
_FORMER_IMPORT, _IMPORT = b"from practicum.grading.checks import", b"from practicum.checks import"


def lab_hash(settings: Mapping[str, Any], files: Iterable[tuple[str, Path]]) -> str:
    """Return the hash of what points depend on.

    Args:
        settings: of `lab.toml`, those that points depend on, as JSON has them.
        files: all files of the lab, by their `/`-separated names, sorted.
    """
    counted = [("lab.toml", json.dumps(settings, sort_keys=True).encode())]
    for name, path in files:
        folder = name.partition("/")[0]
        if folder in FOLDERS and folder != name:
            data = path.read_bytes()
            # Both paths import the same module, so a lab that moves to the new one stays the lab it was.
            counted.append((name, data.replace(_FORMER_IMPORT, _IMPORT) if folder == "checks" else data))
    return _digest(counted)


def former_hashes(folder: Path, files: Iterable[tuple[str, Path]], now: str) -> frozenset[str]:
    """Return the other hashes that results of the lab as it is may have been kept under.

    They are the hash of the whole folder, which came before this one, and those that the lab declares in `equivalent.toml`
    with lines `"former hash" = "hash"`. A line counts as long as its second hash is the lab's: the next change ends it.

    Args:
        folder: the lab's.
        files: all files of the lab, by their `/`-separated names, sorted.
        now: the lab's hash.

    Raises:
        PracticumError: `equivalent.toml` is not TOML; the message names file and line.
    """
    file = folder / EQUIVALENT
    declared = Document.read(file).data if file.is_file() else {}
    whole_folder = _digest((name, path.read_bytes()) for name, path in files)
    return frozenset({whole_folder, *(former for former, current in declared.items() if current == now)})


def proof_hash(files: Iterable[tuple[str, Path]]) -> str:
    """Return the hash of what a proof of a lab is about: besides what points depend on, the answers that it is tried with.

    Args:
        files: all files of the lab, by their `/`-separated names, sorted.
    """
    return _digest((name, path.read_bytes()) for name, path in files if name == "lab.toml" or name.partition("/")[0] in PROVEN)


def _digest(contents: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, data in contents:
        # The lengths keep two different folders from running into the same stream of bytes.
        digest.update(f"{len(name.encode())}:{name}{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()
