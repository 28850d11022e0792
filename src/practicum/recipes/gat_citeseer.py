"""The GAT of `gat-cora` on Citeseer (Veličković et al. 2018, section 3.3), with the paper's settings, as there.

What surprised: what early stopping watches is worth more than a point. The paper watches loss and accuracy of the validation
nodes; with the loss alone, as on Cora, the test accuracy was 70.8 ± 0.3 %, with the accuracy alone it is 72.0 ± 0.8 %, in a third
of the steps. (On Cora it is the other way round: 83.2 and 82.8 %.) That is within the paper's spread of its 72.5 %, and below it;
others report about 71.0 % in the example of Deep Graph Library (github.com/dmlc/dgl, examples/pytorch/gat). The authors' code has
a third dropout, of the projected features, which the paper does not mention; it did not help here.
"""

from dataclasses import dataclass
from typing import ClassVar

from practicum.data.planetoid import Citations, citeseer
from practicum.recipes import gat_cora
from practicum.training.experiment import Target
from practicum.training.hyperparameters import option


@dataclass(frozen=True)
class Recipe(gat_cora.Recipe):
    """The training and its hyperparameters."""

    best: str = option("accuracy", "what is watched on the validation nodes: -loss or accuracy")

    target: ClassVar[Target] = Target(
        "accuracy",
        at_least=0.725,
        published="72.5 ± 0.7 %",
        source="Veličković et al. 2018, table 2: 100 runs",
        minutes=2,
        seeds=10,
    )

    def graph(self) -> Citations:
        """Return the data."""
        return citeseer()
