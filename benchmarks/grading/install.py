"""Makes the peers' own environment, `.venv-bench`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys

from rich.console import Console

from .graders import PEERS, ROOT

REQUIREMENTS = ROOT / "benchmarks" / "requirements.txt"
CONSTRAINTS = ROOT / "constraints.txt"


def peers(console: Console) -> None:
    """Make the environment if it is not there, or if what it was made from has changed since."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + CONSTRAINTS.read_bytes()).hexdigest()
    stamp = PEERS / ".installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with console.status("Making .venv-bench with nbgrader and Otter (two minutes)"):
        shutil.rmtree(PEERS, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        pip = [str(PEERS / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", str(CONSTRAINTS), "-r", str(REQUIREMENTS)], check=True)
    stamp.write_text(wanted)
