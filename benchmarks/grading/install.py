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
PACKAGES = {"nbgrader": ["nbgrader", "ipykernel", "numpy"], "otter": ["otter-grader", "ipykernel", "numpy"]}


def peers(console: Console) -> None:
    """Make an environment for each peer if they are not there, or if what they were made from has changed since.

    Each has its own, because what nbgrader brings along (the JSON-schema format checks of Jupyter's server) adds three
    seconds to every start of Otter.
    """
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + CONSTRAINTS.read_bytes() + repr(PACKAGES).encode()).hexdigest()
    stamp = PEERS / ".installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(PEERS, ignore_errors=True)
    for peer, packages in PACKAGES.items():
        with console.status(f"Making an environment for {peer} (a minute or two)"):
            subprocess.run([sys.executable, "-m", "venv", str(PEERS / peer)], check=True)
            pip = [str(PEERS / peer / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "-c", str(CONSTRAINTS), "-c", str(REQUIREMENTS), *packages], check=True)
    stamp.write_text(wanted)
