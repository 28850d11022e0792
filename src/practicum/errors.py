"""The one error that a user is meant to read."""

from collections.abc import Iterable
from difflib import get_close_matches


class PracticumError(Exception):
    """Something the user can put right. Its text is the whole message: what was expected, what was got, and where."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean `x`?)`` for the known word closest to `word`, or nothing.

    Args:
        word: what was written.
        known: what could have been meant.
    """
    close = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f" (did you mean `{close[0]}`?)" if close else ""
