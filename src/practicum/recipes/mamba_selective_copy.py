"""Mamba on selective copying (Gu & Dao 2023, section 4.1.1 and table 1).

The paper's two layers of width 64 with N = 16, on a shorter task: 4 tokens among 20 places instead of 16 among 4096, and one
cycle of AdamW over 800 steps of 16 rows instead of 400,000 of 64. Models whose recurrence does not see its input stay at 18 to
57 % there, whatever their gates. No row that is validated or tested on (1000 and 2000) can come in training.

What surprised: the first layer's Δ is small but for one bright step behind each token, and not at the token: three steps later,
where it has reached the last tap of the convolution. For a hundred steps of training the loss stands at ln 14, a guess among
the tokens; then it falls within a few hundred.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F

from practicum.data.batches import Generated
from practicum.data.disjoint import only
from practicum.data.selective_copying import selective_copying
from practicum.methods.label_tokens import LabelTokens
from practicum.models.mamba import Mamba, MambaConfig
from practicum.training.experiment import Experiment, Target
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit
from practicum.training.schedules import one_cycle

VALIDATION_SEED, TEST_SEED = 1, 2  # the same rows in every run; `only` keeps them apart from the training's, whatever its seed
VOCAB_SIZE = 16


@dataclass(frozen=True)
class Recipe:
    """The training and its hyperparameters."""

    places: int = option(20, "steps among which the tokens are scattered")
    count: int = option(4, "tokens to copy")
    width: int = option(64, "of the model")
    epochs: int = option(4, "of 200 steps")
    batch_size: int = option(16, "rows per step")
    lr: float = option(5e-3, "peak learning rate")

    target: ClassVar[Target] = Target(
        "accuracy",
        at_least=0.99,
        published="99.8 % at length 4096",
        source="Gu & Dao 2023, table 1: Mamba with S6",
        minutes=2,
    )

    def build(self, seed: int) -> Experiment:
        """Return the experiment."""
        make = partial(selective_copying, places=self.places, count=self.count, vocab_size=VOCAB_SIZE)
        return Experiment(
            model=Mamba(MambaConfig(VOCAB_SIZE, self.width, num_layers=2, chunk=8)),
            method=LabelTokens(),
            train=Generated(only(make, "train"), batch_size=self.batch_size, batches=200, seed=seed),
            validation=Generated(only(make, "validation"), batch_size=1000, batches=1, seed=VALIDATION_SEED),
            test=Generated(only(make, "test"), batch_size=1000, batches=2, seed=TEST_SEED),
            fit=Fit(
                epochs=self.epochs,
                optimizer=lambda model: torch.optim.AdamW(model.parameters(), lr=self.lr, weight_decay=0.0, fused=True),
                schedule=one_cycle(warmup=0.15),
                clip=1.0,
            ),
            unit="rows, those of training anew in each epoch",
        )

    @torch.no_grad()
    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Draw the step sizes Δ of the first rows: what each layer takes in, and what it passes by."""
        from matplotlib.figure import Figure

        tokens_BT, _ = next(iter(experiment.test))
        tokens_BT = tokens_BT[:6]
        deltas = []
        # Δ = softplus(dt_proj(…)) is never kept by the model; a hook takes it on its way.
        hooks = [
            block.mixer.dt_proj.register_forward_hook(lambda layer, inputs, output: deltas.append(F.softplus(output)))
            for block in experiment.model.blocks
        ]
        experiment.model(tokens_BT)
        for hook in hooks:
            hook.remove()
        figure = Figure(figsize=(12, 1.9 * len(deltas) + 1.6), layout="constrained")
        panels = figure.subplots(len(deltas) + 1, 1, sharex=True)
        panels[0].imshow(tokens_BT.masked_fill(tokens_BT == 0, -8).numpy(), aspect="auto", cmap="cividis")
        panels[0].set_title("tokens: noise is dark, the last colour says that a token is due")
        for number, (axes, delta_BTD) in enumerate(zip(panels[1:], deltas, strict=True), start=1):
            axes.imshow(delta_BTD.mean(2).numpy(), aspect="auto", cmap="viridis")
            axes.set_title(f"Δ in layer {number}, mean over channels: bright takes in, dark passes by")
        panels[-1].set_xlabel("step")
        figure.savefig(folder / "selection.png", dpi=120)
