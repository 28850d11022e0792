"""Makes the peers' own environments, below `.venv-bench`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys

from rich.console import Console

from grading.graders import PEERS, ROOT

REQUIREMENTS = ROOT / "benchmarks" / "requirements.txt"
CONSTRAINTS = ROOT / "constraints.txt"
PACKAGES = {
    "nbgrader": ["nbgrader", "ipykernel", "numpy"],
    "otter": ["otter-grader", "ipykernel", "numpy"],
    "copydetect": ["copydetect"],
}


def peers(console: Console, *names: str) -> None:
    """Make an environment for each of these peers if it is not there, or if what it was made from has changed since.

    Each has its own, because what nbgrader brings along (the JSON-schema format checks of Jupyter's server) adds three
    seconds to every start of Otter.
    """
    for peer in names:
        made_from = REQUIREMENTS.read_bytes() + CONSTRAINTS.read_bytes() + repr(PACKAGES[peer]).encode()
        wanted, stamp = hashlib.sha256(made_from).hexdigest(), PEERS / peer / ".installed"
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        shutil.rmtree(PEERS / peer, ignore_errors=True)
        with console.status(f"Making an environment for {peer} (a minute or two)"):
            subprocess.run([sys.executable, "-m", "venv", str(PEERS / peer)], check=True)
            pip = [str(PEERS / peer / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "-c", str(CONSTRAINTS), "-c", str(REQUIREMENTS), *PACKAGES[peer]], check=True)
        stamp.write_text(wanted)
