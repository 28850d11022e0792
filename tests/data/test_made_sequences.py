import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.data.palindromes import palindromes
from practicum.data.selective_copying import IGNORED, selective_copying


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 15), st.integers(1, 5), st.integers(0, 99))
def test_palindromes_read_the_same_from_both_ends(length, rows, seed):
    digits, last = palindromes(draw(seed), rows, length)
    whole = torch.cat([digits, last[:, None]], 1)
    assert whole.shape == (rows, length)
    assert torch.equal(whole, whole.flip(1))


def test_digits_are_even_and_free_up_to_the_middle():
    digits, last = palindromes(draw(), 20_000, 9)
    for column in [last, *digits[:, :5].unbind(1)]:
        assert torch.bincount(column, minlength=10).div(20_000).tolist() == pytest.approx([0.1] * 10, abs=0.01)
    pairs = torch.bincount(digits[:, 0] * 10 + digits[:, 3], minlength=100)
    assert float(pairs.max()) < 300  # 200 each, if they are independent
    with pytest.raises(ValueError, match="at least 2 digits, got 1"):
        palindromes(draw(), 3, 1)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 20), st.integers(3, 9), st.integers(0, 99))
def test_copying_asks_for_the_tokens_in_their_order(count, noise, vocab_size, seed):
    places = count + noise
    tokens, target = selective_copying(draw(seed), 4, places=places, count=count, vocab_size=vocab_size)
    assert tokens.shape == target.shape == (4, places + count)
    for row, wanted in zip(tokens.tolist(), target.tolist(), strict=True):
        said = [token for token in row[:places] if token != 0]
        assert all(1 <= token < vocab_size - 1 for token in said)
        assert row[places:] == [vocab_size - 1] * count
        assert wanted == [IGNORED] * places + said


def test_tokens_to_copy_stand_anywhere():
    tokens, _ = selective_copying(draw(), 20_000, places=10, count=3)
    filled = (tokens[:, :10] != 0).double()
    assert filled.mean(0).tolist() == pytest.approx([0.3] * 10, abs=0.02)
    kinds = torch.bincount(tokens[:, :10].flatten(), minlength=16)[1:15]
    assert kinds.div(60_000).tolist() == pytest.approx([1 / 14] * 14, abs=0.005)
    for wrong in ({"places": 2, "count": 3}, {"places": 2, "count": 0}, {"places": 2, "count": 1, "vocab_size": 2}):
        with pytest.raises(ValueError, match="count ≤ places"):
            selective_copying(draw(), 1, **wrong)
