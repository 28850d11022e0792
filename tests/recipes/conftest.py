"""Every test here starts from the same generators, as a run does: recipes seed their data, and leave their weights to the run."""

import random

import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
