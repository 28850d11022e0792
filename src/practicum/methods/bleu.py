"""BLEU (Papineni, Roukos, Ward & Zhu 2002, "BLEU: a method for automatic evaluation of machine translation").

    BLEU = BP · exp(Σ_n ¼ log p_n)                n = 1…4
    p_n = Σ min(count, count_ref) / Σ count      over the n-grams of all sentences; count_ref is the most in one reference
    BP = min(1, exp(1 - r/c))                    c words came, r were expected: the nearest reference's length

Departs from the paper: an order without a single match gets p_n = 1 / (2^k · Σ count) at the k-th such order, instead of BLEU = 0
(sacrebleu's smoothing "exp", its default), and values are per cent. What sacrebleu calls tokenisation is left to the caller.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from math import exp, log

ORDERS = 4


def ngrams(words: Sequence[Hashable], order: int) -> Counter[tuple[Hashable, ...]]:
    """Return how often each n-gram of this order occurs."""
    return Counter(zip(*(words[start:] for start in range(order)), strict=False))


def bleu(hypotheses: Sequence[Sequence[Hashable]], references: Sequence[Sequence[Sequence[Hashable]]]) -> float:
    """Return the BLEU of a corpus.

    Args:
        hypotheses: sentences, each a sequence of words.
        references: for each hypothesis at least one reference.

    Returns:
        Per cent, in [0, 100].

    Raises:
        ValueError: there are not as many references as hypotheses, or one has none.

    Source: Papineni et al. 2002, section 2.3.
    """
    if len(hypotheses) != len(references) or not all(references):
        raise ValueError(f"expected references for each of {len(hypotheses)} hypotheses, got {list(map(len, references))[:20]}")
    length = expected = 0
    matches, totals = [0] * ORDERS, [0] * ORDERS
    for hypothesis, given in zip(hypotheses, references, strict=True):
        length += len(hypothesis)
        # The brevity penalty compares with the reference nearest in length, the shorter of two equally near ones.
        expected += min((abs(len(reference) - len(hypothesis)), len(reference)) for reference in given)[1]
        for order in range(1, ORDERS + 1):
            counts = ngrams(hypothesis, order)
            most: Counter[tuple[Hashable, ...]] = Counter()
            for reference in given:
                # Clipping: an n-gram counts as often as it stands in the reference that has it most often.
                most |= ngrams(reference, order)
            matches[order - 1] += (counts & most).total()
            totals[order - 1] += counts.total()
    if not any(matches) or not all(totals):
        return 0.0
    without = 0
    logs = 0.0
    for match, total in zip(matches, totals, strict=True):
        without += match == 0
        # No match would make the whole score 0: the k-th such order counts as 2^-k matches.
        logs += log(match / total) if match else -log(2**without * total)
    return 100 * min(1.0, exp(1 - expected / length)) * exp(logs / ORDERS)
