"""Running git where no setting counts but ours."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from practicum.labs.intake.archive_files import Unreadable
from practicum.labs.intake.names import shown
from practicum.sandbox.tool import limited, shut_in

LARGEST_REPOSITORY = 512 << 20  # packed
_SECONDS = 120  # of processor time, in one process of git
_FETCH_SECONDS = 600  # by the clock

_SETTINGS = (
    *("core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null", "core.alternateRefsCommand=false"),
    *("protocol.allow=never", "protocol.https.allow=always", "protocol.ssh.allow=always", "credential.helper=", "gc.auto=0"),
    *("submodule.recurse=false", "core.bigFileThreshold=16m", "core.packedGitWindowSize=32m", "core.packedGitLimit=256m"),
    *("pack.threads=1", "fetch.unpackLimit=1"),
)
_GIT = ("git", *(part for setting in _SETTINGS for part in ("-c", setting)))
_KEPT = ("PATH", "SSH_AUTH_SOCK", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


def command(*arguments: str, inside: Path | None = None) -> list[str]:
    """Return a command line of git, with limits.

    Args:
        *arguments: of git.
        inside: a bare repository of ours; git then sees it and the system's programs alone, and has no network.
    """
    line = [*_GIT, *([f"--git-dir={inside}"] if inside else []), *arguments]
    line = shut_in(line, inside) if inside else line
    return limited(line, seconds=_SECONDS, file_mib=LARGEST_REPOSITORY >> 20, memory_mib=4096)


def environment() -> dict[str, str]:
    """Return the whole environment of git: no setting of the user's, the system's or the repository's gets in."""
    own = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return own | {
        **{"HOME": os.devnull, "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_SYSTEM": os.devnull},
        **{"GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "false"},
        **{"GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "https:ssh"},
        **{"GIT_LFS_SKIP_SMUDGE": "1", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes"},
    }


def run(line: list[str], what: str) -> None:
    """Run a command line of git to its end.

    Args:
        line: from `command`.
        what: what the repository is when it fails.

    Raises:
        Unreadable: it failed, with the last line of what git said.
    """
    with TemporaryFile() as said:
        process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, env=environment(), start_new_session=True
        )
        try:
            process.wait(_FETCH_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Unreadable(f"{what} within {_FETCH_SECONDS} seconds") from None
        said.seek(max(0, said.tell() - 4096))
        lines = [text.strip() for text in said.read().decode("utf-8", "replace").splitlines() if text.strip()]
    if process.returncode:
        raise Unreadable(f"{what} ({shown(lines[-1]) if lines else f'git ended with {process.returncode}'})")
