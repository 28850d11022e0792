"""The product at chosen places is the dense product looked up there, in values and gradients."""

import pytest
import torch

from practicum.models.layers.sampled_product import different, sampled_product
from practicum.models.layers.sparse import Sparse, argsort


def places(rows, columns, entries, seed):
    torch.manual_seed(seed)
    row = torch.randint(rows, (entries,)).sort().values  # some rows have no entry, some places come twice
    return Sparse(row, torch.randint(columns, (entries,)), torch.rand(entries, dtype=torch.float64), (rows, columns))


@pytest.mark.parametrize("shape", [(5, 4, 9, 3), (1, 1, 3, 2), (6, 2, 1, 4), (3, 7, 0, 2)])
def test_values_and_gradients(shape):
    rows, columns, entries, channels = shape
    chosen = places(rows, columns, entries, seed=entries)
    x = torch.randn(rows, channels, dtype=torch.float64, requires_grad=True)
    y = torch.randn(columns, channels, dtype=torch.float64, requires_grad=True)
    found, expected = sampled_product(chosen, x, y), (x @ y.T)[chosen.rows_E, chosen.cols_E]
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
    weights = torch.randn(entries, dtype=torch.float64)
    for a, b in zip(
        torch.autograd.grad((found * weights).sum(), (x, y)), torch.autograd.grad((expected * weights).sum(), (x, y)), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_half_precision_is_summed_in_single():
    chosen = Sparse(torch.tensor([0]), torch.tensor([0]), torch.ones(1), (1, 1))
    x = torch.full((1, 300), 20.0, dtype=torch.float16, requires_grad=True)
    product = sampled_product(chosen, x, x.detach())
    assert product.dtype == torch.float32
    assert product.item() == 120_000  # beyond float16's 65,504
    product.backward()
    assert x.grad.tolist() == [[20.0] * 300]


def test_wrong_shapes():
    with pytest.raises(ValueError, match=r"expected 2 and 3 rows of one width, got \(2, 4\) and \(2, 4\)"):
        sampled_product(places(2, 3, 4, 0), torch.ones(2, 4), torch.ones(2, 4))


@pytest.mark.parametrize("size", [9, 2**15, 2**15 + 1])
def test_argsort_keeps_the_order_of_equals(size):
    torch.manual_seed(size)
    numbers = torch.cat([torch.tensor([size - 1, 0, size - 1]), torch.randint(size, (500,)) // 3 * 3])
    assert torch.equal(argsort(numbers, size), numbers.argsort(stable=True))


@pytest.mark.parametrize("count", [0, 1, 200])
def test_different_numbers_are_those_of_unique(count):
    torch.manual_seed(count)
    numbers = torch.randint(3, 40, (count,)) // 2
    for found, expected in zip(
        different(numbers, 50), torch.unique(numbers, return_inverse=True, return_counts=True), strict=True
    ):
        assert torch.equal(found, expected)
