"""Real git repositories, made on the spot."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_ENVIRONMENT = {
    **{"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull},
    **{"GIT_AUTHOR_NAME": "Jo", "GIT_AUTHOR_EMAIL": "jo@x", "GIT_COMMITTER_NAME": "Jo", "GIT_COMMITTER_EMAIL": "jo@x"},
}


def git(folder: Path, *arguments: str, at: str = "2027-03-01T20:00:00+08:00", data: bytes | None = None) -> str:
    """Run git in a folder as a student would, at a time of their own saying."""
    environment = {**_ENVIRONMENT, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


def clone(folder: Path) -> Path:
    """Make an empty repository."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main", "--template=")
    return folder


def commit(folder: Path, files: dict[str, bytes | None], at: str) -> str:
    """Commit files as they are given, None removing one; return the hash."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", "work", at=at)
    return git(folder, "rev-parse", "HEAD")
