"""The GCN of `gcn-cora` on Citeseer (Kipf & Welling 2017, section 6.1): the fields of 3,327 papers from 120 that are known.

The paper's settings, as there. 15 papers have no words and 48 no citations: for them the network has little to go by.
"""

from dataclasses import dataclass
from typing import ClassVar

from practicum.data.planetoid import Citations, citeseer
from practicum.recipes import gcn_cora
from practicum.training.experiment import Target


@dataclass(frozen=True)
class Recipe(gcn_cora.Recipe):
    """The training and its hyperparameters."""

    target: ClassVar[Target] = Target(
        "accuracy",
        at_least=0.703,
        published="70.3 %",
        source="Kipf & Welling 2017, table 2: mean of 100 runs",
        minutes=1,
        seeds=100,
    )

    def graph(self) -> Citations:
        """Return the data."""
        return citeseer()
