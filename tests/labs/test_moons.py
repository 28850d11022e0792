"""The moons that students of the back-propagation lab are given are scikit-learn's, to the last bit."""

from __future__ import annotations

import runpy

import numpy as np
import pytest
from sklearn.datasets import make_moons as peer

from practicum.labs.lab import find_lab

make_moons = runpy.run_path(str(find_lab("backprop").source / "moons.py"))["make_moons"]


@pytest.mark.parametrize("count", [1, 2, 3, 9, 1000, 1001])
@pytest.mark.parametrize("noise", [None, 0.0, 0.1, 2.5])
def test_they_are_scikit_learns(count, noise):
    for seed in (0, 1, 42, 2**32 - 1):
        x, labels = make_moons(count, noise=noise, random_state=seed)
        x_peer, labels_peer = peer(count, noise=noise, random_state=seed)
        assert x.tobytes() == np.ascontiguousarray(x_peer).tobytes()
        assert x.shape == x_peer.shape
        assert np.array_equal(labels, labels_peer)
        assert labels.dtype.kind == "i"


def test_without_a_seed_each_draw_is_another():
    assert not np.array_equal(make_moons(10, noise=0.1)[0], make_moons(10, noise=0.1)[0])
