"""What every test starts with."""

import os
import random
import sys

import pytest

# Tests compute on small tensors: a second thread would only wait, and make two runs differ in the last bits.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Start the global generators anew, so that no test depends on those before it; PyTorch is not loaded for this."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
