"""The one place where scores are rounded: for display and export, to two places, half up.

Inside, scores are `Decimal` with 34 significant digits. Scaling a lab (17 of 30 to 25 points) may not be finite, so a
true tie can come out as 0.00499…9. Scores are therefore first taken to 12 places, which restores the tie, then half up.
"""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

CONTEXT = Context(prec=34, rounding=ROUND_HALF_EVEN)
"""The arithmetic of the gradebook, whatever the caller's own decimal context is."""

_RESTORE = Decimal("1e-12")
_PLACES = Decimal("0.01")


def rounded(score: Decimal) -> Decimal:
    """Return `score` to two places, half up."""
    return score.quantize(_RESTORE, ROUND_HALF_EVEN, CONTEXT).quantize(_PLACES, ROUND_HALF_UP, CONTEXT)


def plain(number: Decimal) -> str:
    """Write a number without exponent or needless zeros: `25`, `1.5`."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
