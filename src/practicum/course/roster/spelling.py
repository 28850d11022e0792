"""One rule for when two spellings are the same: what Unicode's NFKC and case folding make alike is alike.

So full-width digits are digits, an accent that is composed is the one that is not, and `26000334d` is `26000334D`. The
rule serves comparison only: an id is written as the roster writes it.
"""

import unicodedata


def folded(text: str) -> str:
    """Return the form in which spellings are compared: no case, full-width as narrow, composed as decomposed, blanks as one."""
    lower = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", lower).split())


def letters(name: str) -> str:
    """Return the letters, digits and `_` of a name, in lower case and without accents: `Doe-Smith, Zoé` is `doesmithzoe`.

    For comparison with what Canvas makes of a name in the names of files, where accents stay or go by how they were typed.
    """
    return "".join(c for c in unicodedata.normalize("NFKD", folded(name)) if c == "_" or unicodedata.category(c)[0] in "LN")
