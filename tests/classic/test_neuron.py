"""McCulloch-Pitts neurons: truth tables, and what a single unit cannot do."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.classic.neuron import AND, NAND, NOR, NOT, OR, XOR, Network, Neuron, from_truth_table, patterns, separate


@pytest.mark.parametrize(
    ("unit", "answers"),
    [(AND, [0, 0, 0, 1]), (OR, [0, 1, 1, 1]), (NAND, [1, 1, 1, 0]), (NOR, [1, 0, 0, 0]), (XOR, [0, 1, 1, 0])],
)
def test_truth_tables_of_two_inputs(unit: Neuron | Network, answers: list[int]) -> None:
    assert patterns(2).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert unit(patterns(2)).tolist() == answers


def test_not() -> None:
    assert NOT([[0], [1]]).tolist() == [1, 0]


@pytest.mark.parametrize("excitatory", [1, 2, 3])
@pytest.mark.parametrize("inhibitory", [0, 1, 2])
@pytest.mark.parametrize("threshold", [0, 1, 2, 3])
def test_one_inhibitory_input_vetoes(excitatory: int, inhibitory: int, threshold: int) -> None:
    unit = Neuron((1,) * excitatory + (-1,) * inhibitory, threshold, absolute=True)
    for pattern in patterns(excitatory + inhibitory):
        fires = sum(pattern[:excitatory]) >= threshold and not any(pattern[excitatory:])
        assert unit([pattern])[0] == fires


def test_relative_inhibition_counts_against_excitation() -> None:
    assert Neuron((1, 1, -1), 1)([[1, 1, 1], [1, 0, 1]]).tolist() == [1, 0]
    assert Neuron((1, 1, -1), 1, absolute=True)([[1, 1, 1], [1, 0, 1]]).tolist() == [0, 0]


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.integers(0, 1), min_size=2**n, max_size=2**n)))
@settings(max_examples=80, deadline=None)
def test_two_layers_compute_every_boolean_function(answers: list[int]) -> None:
    x = patterns(int(np.log2(len(answers))))
    net = from_truth_table({tuple(p): a for p, a in zip(x.tolist(), answers, strict=True)})
    assert net(x).tolist() == answers


def test_no_unit_of_a_grid_computes_xor_and_its_neighbours_are_found() -> None:
    x, grid = patterns(2), range(-4, 5)
    found = {tuple((x @ (a, b) >= t).astype(int)) for a, b, t in product(grid, grid, np.arange(-9, 9.5, 0.5))}
    assert (0, 1, 1, 0) not in found
    assert (1, 0, 0, 1) not in found
    assert len(found) == 14


@pytest.mark.slow
@pytest.mark.parametrize(("num_inputs", "separable"), [(1, 4), (2, 14), (3, 104)])
def test_as_many_functions_are_separable_as_is_known(num_inputs: int, separable: int) -> None:
    """4, 14, 104, 1882, … (OEIS A000609); each refusal comes with a proof, each unit with the right table."""
    x, count = patterns(num_inputs), 0
    for answers in product((0, 1), repeat=2**num_inputs):
        result = separate(x, answers)
        if isinstance(result, Neuron):
            assert result(x).tolist() == list(answers)
            count += 1
        else:
            signs = 2 * np.array(answers) - 1
            assert (result >= 0).all()
            assert result.sum() == pytest.approx(1)
            np.testing.assert_allclose((result * signs) @ np.hstack([x, np.ones((len(x), 1))]), 0, atol=1e-9)
    assert count == separable


def test_the_proof_for_xor_is_the_crossed_diagonals() -> None:
    np.testing.assert_allclose(separate(patterns(2), [0, 1, 1, 0]), [0.25] * 4)


def test_errors_say_what_was_got() -> None:
    with pytest.raises(ValueError, match=r"shape \(B, 2\), got \(1, 3\)"):
        AND([[1, 0, 1]])
    with pytest.raises(ValueError, match="zeros and ones, got 2"):
        AND([[1, 2]])
    with pytest.raises(ValueError, match=r"answers of shape \(4,\), got \(3,\)"):
        separate(patterns(2), [0, 1, 1])
    with pytest.raises(ValueError, match=r"one length, got lengths \[1, 2\]"):
        from_truth_table({(0,): 1, (0, 1): 1})
