"""Rows set aside: each in one set, as many as asked, the same in every run."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from practicum.data.splits import held_out


@given(st.integers(2, 300), st.floats(0.001, 0.999), st.integers(0, 5))
def test_every_row_is_in_one_of_the_two(rows: int, share: float, seed: int) -> None:
    train, validation = held_out(rows, share, seed)
    assert sorted([*train.tolist(), *validation.tolist()]) == list(range(rows))
    assert len(validation) == min(max(round(rows * share), 1), rows - 1)
    assert [*train, *validation] == [*sorted(train), *sorted(validation)]


def test_rows_are_drawn_from_everywhere_and_stay_the_same() -> None:
    train, validation = held_out(60_000, 1 / 12)
    assert (len(train), len(validation)) == (55_000, 5_000)
    # A mean place of 5,000 even draws has a standard error of 60,000/√12/√5,000 = 245.
    assert abs(validation.double().mean() - 30_000) < 5 * 245
    torch.manual_seed(7)  # whatever the global generator does
    assert torch.equal(held_out(60_000, 1 / 12)[1], validation)
    assert not torch.equal(held_out(60_000, 1 / 12, seed=1)[1], validation)


@pytest.mark.parametrize(("rows", "share"), [(1, 0.5), (10, 0.0), (10, 1.0)])
def test_what_cannot_be_split_is_refused(rows: int, share: float) -> None:
    with pytest.raises(ValueError, match="expected at least 2 rows and a share between 0 and 1"):
        held_out(rows, share)
