"""The GAT of `gat-cora` on Citeseer (Veličković et al. 2018, section 3.3), with the paper's settings, as there.

What surprised: the published 72.5 % stays out of reach by more than a point with the settings that the paper names. Others
report the same: about 71.0 % in the example of Deep Graph Library (github.com/dmlc/dgl, examples/pytorch/gat). The authors' code
has a third dropout, of the features that attention weighs, which the paper does not mention.
"""

from dataclasses import dataclass
from typing import ClassVar

from practicum.data.planetoid import Citations, citeseer
from practicum.recipes import gat_cora
from practicum.training.experiment import Target


@dataclass(frozen=True)
class Recipe(gat_cora.Recipe):
    """Knobs.

    Attributes:
        epochs: steps at most, each on the whole graph.
        patience: steps without a smaller validation loss after which training stops.
        hidden: features per head.
        num_heads: of the first layer.
        dropout: rate of inputs and attention.
        lr: Adam's learning rate.
        weight_decay: of all weights.
    """

    target: ClassVar[Target] = Target(
        "accuracy",
        at_least=0.725,
        published="72.5 ± 0.7 %",
        source="Veličković et al. 2018, table 2: 100 runs",
        minutes=2,
        seeds=10,
    )

    def graph(self) -> Citations:
        """Returns the data."""
        return citeseer()
