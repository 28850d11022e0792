"""Output on terminals that cannot show every character: nothing ends in a traceback, and signs get ASCII forms.

A Windows console or a pipe may encode in cp1252 or GBK, which lack `✓`, a student's name, or whatever a student's code says.
"""

from __future__ import annotations

import codecs
import sys

SIGNS = {
    "✓": "+", "✗": "x", "●": "#", "◐": "/", "○": ".", "→": "->", "←": "<-", "…": "...", "–": "-", "—": "-", "−": "-", "·": "-",
    "×": "x", "≤": "<=", "≥": ">=", "≈": "~", "“": '"', "”": '"', "‘": "'", "’": "'", "≠": "!=", "±": "+-",
}  # fmt: skip
"""What stands for a sign of ours where it cannot be shown."""

_ERRORS = "practicum.signs"


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Replace what cannot be encoded: a sign by its ASCII form, any other character by its number, as in `\\u4f60`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    failed = error.object[error.start : error.end]
    return "".join(SIGNS.get(c) or c.encode("ascii", "backslashreplace").decode() for c in failed), error.end


codecs.register_error(_ERRORS, _spell)


def show_what_can_be_shown() -> None:
    """Let standard output and standard error replace what their encodings lack; a stream that is no text file stays as it is."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_ERRORS)
