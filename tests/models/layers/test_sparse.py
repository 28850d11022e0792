"""Sparse constants: products, gradients, transposes, and dropout with cheap coins."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.models.layers.sparse import Sparse, dropout


def random_matrix(rows: int, cols: int, entries: int, seed: int) -> Sparse:
    generator = torch.Generator().manual_seed(seed)
    places = (torch.randint(0, size, (entries,), generator=generator) for size in (rows, cols))
    return Sparse.of(*places, torch.randn(entries, generator=generator, dtype=torch.float64), (rows, cols))


@given(
    rows=st.integers(1, 9),
    cols=st.integers(1, 9),
    channels=st.integers(1, 5),
    entries=st.integers(0, 40),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_product_transpose_and_gradients_equal_the_dense_matrix(
    rows: int, cols: int, channels: int, entries: int, seed: int
) -> None:
    a = random_matrix(rows, cols, entries, seed)
    x = torch.randn(cols, channels, dtype=torch.float64, requires_grad=True)
    near = {"atol": 1e-12, "rtol": 1e-12}
    torch.testing.assert_close(a @ x, a.dense() @ x, **near)
    torch.testing.assert_close(a.scatter(x), a.dense() @ x, **near)
    torch.testing.assert_close(a.T.dense(), a.dense().T, **near)
    torch.testing.assert_close(a.T.T.dense(), a.dense(), **near)
    torch.testing.assert_close(a.T.T @ x, a @ x, **near)
    assert torch.autograd.gradcheck(lambda x: a @ x, x)
    assert torch.autograd.gradgradcheck(lambda x: (a @ x) ** 2, x)


def test_other_values_share_the_layouts_and_are_used_in_both_directions() -> None:
    a = random_matrix(6, 4, 20, 0)
    a.T.csr()
    b = a.with_values(a.values_E * 3)
    x, g = torch.randn(4, 2, dtype=torch.float64), torch.randn(6, 2, dtype=torch.float64)
    torch.testing.assert_close(b @ x, 3 * (a @ x))
    torch.testing.assert_close(b.T @ g, 3 * (a.dense().T @ g))
    assert b.T.cols_E is a.T.cols_E


def test_from_dense_and_incidence() -> None:
    x = torch.tensor([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, -3.0]])
    a = Sparse.from_dense(x)
    assert torch.equal(a.dense(), x)
    assert torch.equal(a.incidence @ a.values_E[:, None], torch.tensor([[2.0], [0.0], [-2.0]]))


def test_entries_outside_are_named() -> None:
    one = torch.ones(1)
    with pytest.raises(ValueError, match=r"every column in \[0, 2\), got \[2, 2\]"):
        Sparse.of(torch.tensor([0]), torch.tensor([2]), one, (2, 2))
    with pytest.raises(ValueError, match="of one length"):
        Sparse.of(torch.tensor([0, 1]), torch.tensor([1]), one, (2, 2))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.6, 0.97])
def test_dropout_drops_at_its_rate_and_keeps_the_mean(p: float) -> None:
    torch.manual_seed(0)
    x = torch.ones(300, 1001, requires_grad=True)
    y = dropout(x, p, training=True)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach()), "what is dropped forwards is dropped backwards"
    rate, deviation = float((y == 0).float().mean()), (p * (1 - p) / x.numel()) ** 0.5
    assert abs(rate - p) < 5 * deviation + 2**-17
    torch.testing.assert_close(y[y > 0].unique(), torch.tensor([1 / (1 - p)]), atol=0, rtol=3e-4)
    assert abs(float(y.detach().mean()) - 1) < 5 * deviation / (1 - p)
    coins = (y == 0).float() - rate  # neighbours come out of the same draw, and must not know of each other
    for lag in (1, 2, 3, 4, 1001, 75_075):  # the last is the number of draws
        assert abs(float((coins.flatten()[lag:] * coins.flatten()[:-lag]).mean())) < 5 * p * (1 - p) / x.numel() ** 0.5


def test_dropout_of_a_sparse_matrix_and_the_ends_of_the_range() -> None:
    a = random_matrix(30, 30, 400, 1)
    b = dropout(a, 0.5, training=True)
    kept = b.values_E != 0
    assert 120 < int(kept.sum()) < 280
    torch.testing.assert_close(b.values_E[kept], 2 * a.values_E[kept])
    assert dropout(a, 0.5, training=False) is a
    x = torch.randn(5)
    assert torch.equal(dropout(x, 0.0, training=True), x)
    assert torch.equal(dropout(x, 1.0, training=True), torch.zeros(5))
    assert dropout(torch.empty(0, 3), 0.5, training=True).shape == (0, 3)
    with pytest.raises(ValueError, match=r"in \[0, 1\], got 1.5"):
        dropout(x, 1.5, training=True)


def test_indices_move_with_the_values() -> None:
    """`meta` is a second device that every machine has."""
    matrix = Sparse.from_dense(torch.eye(3))
    moved = matrix.to("meta")
    assert [part.device.type for part in (moved.rows_E, moved.cols_E, moved.values_E)] == ["meta"] * 3
    assert matrix.to(torch.float64).rows_E is matrix.rows_E
