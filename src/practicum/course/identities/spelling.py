"""One rule for when two spellings are the same: what Unicode's NFKC and case folding make alike is alike.

So full-width digits are digits, an accent that is composed is the one that is not, and `26000334d` is `26000334D`. The
rule serves comparison only: an id is written as the roster writes it.
"""

import unicodedata


def same(text: str) -> str:
    """Return the form under which spellings are compared."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def letters(name: str) -> str:
    """Return the letters, digits and `_` of a name, in lower case: what Canvas makes of `Doe-Smith, Jo` in the name of a file."""
    return "".join(c for c in same(name) if c == "_" or unicodedata.category(c)[0] in "LNM")
