"""Recipes on the data that are here: PRACTICUM_DATA's, the cache's, or a packaged sample."""

from typing import Any

import pytest
import torch

from practicum.errors import PracticumError
from practicum.training.runs import recipes


def lacks_data(error: PracticumError) -> bool:
    """Tell whether an error says that data are not here; any other is a fault."""
    return "no sample of it is packaged" in str(error)


def built(name: str) -> Any:
    """Return a recipe's experiment; the test is skipped where its data are not here."""
    torch.manual_seed(0)
    try:
        return recipes.load(name)().build(0)
    except PracticumError as error:
        if not lacks_data(error):
            raise
        pytest.skip(str(error))
