"""Rows made on the spot in three sets that share none."""

from functools import partial

import pytest
import torch

from practicum.data.disjoint import TENTHS, only, tenths
from practicum.data.palindromes import palindromes
from practicum.data.selective_copying import selective_copying


@pytest.mark.parametrize(
    "make",
    [partial(palindromes, length=6), partial(selective_copying, places=4, count=2, vocab_size=6)],
    ids=["palindromes", "selective copying"],
)
def test_three_sets_share_no_row_and_are_all_rows(make):
    """A thousand palindromes, 96 rows to copy: each is drawn many times."""
    sets = {}
    for part in TENTHS:
        inputs, targets = only(make, part)(torch.Generator().manual_seed(0), 12_000)
        assert len(inputs) == len(targets) == 12_000
        sets[part] = {*map(tuple, torch.cat([inputs, targets.reshape(12_000, -1)], 1).tolist())}
    whole_inputs, whole_targets = make(torch.Generator().manual_seed(1), 20_000)
    everything = {*map(tuple, torch.cat([whole_inputs, whole_targets.reshape(20_000, -1)], 1).tolist())}
    assert sum(map(len, sets.values())) == len(everything)
    assert set().union(*sets.values()) == everything
    shares = [len(rows) / len(everything) for rows in sets.values()]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.06)


def test_a_row_is_in_the_same_set_on_every_machine():
    """CRC-32 of eight bytes per number, the lowest first."""
    import binascii

    rows = torch.tensor([[0, 1, 2], [9, 9, 9], [2, 1, 0]])
    expected = [binascii.crc32(b"".join(number.to_bytes(8, "little") for number in row)) % 10 for row in rows.tolist()]
    assert tenths(rows) == expected
    assert tenths(rows.int()) == expected


def test_the_digits_of_a_set_are_as_even_as_those_of_all():
    """The last digit is uniform in every part: knowing the part tells nothing of the answer."""
    for part in TENTHS:
        _, last = only(partial(palindromes, length=10), part)(torch.Generator().manual_seed(0), 12_000)
        assert (last.bincount(minlength=10) / 12_000).tolist() == pytest.approx([0.1] * 10, abs=0.012)


def test_a_task_with_too_few_rows_is_refused():
    constant = lambda generator, batch_size: (torch.zeros(batch_size, 3, dtype=torch.long), torch.zeros(batch_size))  # noqa: E731
    refused = [part for part in TENTHS if tenths(torch.zeros(1, 3))[0] not in TENTHS[part]]
    assert len(refused) == 2
    for part in refused:
        with pytest.raises(ValueError, match=f"none for {part} in 2000 rows"):
            only(constant, part)(torch.Generator().manual_seed(0), 10)
    with pytest.raises(ValueError, match="one of train, validation, test, got 'tests'"):
        only(constant, "tests")
