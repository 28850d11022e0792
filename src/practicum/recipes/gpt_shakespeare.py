"""A small GPT on Tiny Shakespeare, character by character (Radford et al. 2019; the task is Karpathy's, 2015).

nanoGPT's setting for a CPU (4 layers, 128 wide, 64 characters of context, 2,000 steps of 12 rows) ends at 1.88 nats per
character. Here: the same network with a context of 128, Muon in place of AdamW, a one-cycle schedule, and 4.1 million characters
instead of 1.5. The loss is over the whole test text, nanoGPT's validation text, in windows of the context's length side by side;
the 5 % of the text before it are kept for validation and train nothing.

What surprised: how much of the loss is names. Nothing of the two plays of the test text is in the training text, as The Taming
of the Shrew begins within the validation text; a letter of a speaker's name costs 3.7 nats there and 2.0 in validation, all
others 1.54 and 1.51 (seed 0). The target is from a run that had learnt from the first scenes of that play, and is missed for
this reason.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import nn

from practicum.data.batches import Crops
from practicum.data.shakespeare import shakespeare
from practicum.methods.generate import generate
from practicum.methods.language_model import LanguageModeling
from practicum.methods.muon import Muon, matrices_and_others
from practicum.models.gpt import GPT, GPTConfig
from practicum.models.layers.attention import attention_maps
from practicum.training.experiment import Experiment, Target
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit
from practicum.training.plots.attention import draw_heads
from practicum.training.schedules import one_cycle


@dataclass(frozen=True)
class Recipe:
    """The training and its hyperparameters."""

    epochs: int = option(8, "of 250 steps each")
    batch_size: int = option(16, "rows per step")
    context: int = option(128, "characters per row")
    width: int = option(128, "of the network")
    layers: int = option(4, "blocks")
    heads: int = option(4, "of attention")
    dropout: float = option(0.0, "of embeddings, attention and both branches")
    lr: float = option(0.02, "peak learning rate of the matrices in the blocks")
    others_lr: float = option(3e-3, "of embeddings, norms and biases")
    weight_decay: float = option(0.1, "of the matrices in the blocks")

    target: ClassVar[Target] = Target(
        "loss",
        at_most=1.60,
        published="1.88 on a CPU (1.47 with 10.7 million parameters on a GPU)",
        source="nanoGPT, README (github.com/karpathy/nanoGPT), on the same last 10 % of the text; the target is ours: "
        "an earlier run that learnt from all of the first 90 % had 1.52",
        minutes=9,
        seeds=3,
    )

    def build(self, seed: int) -> Experiment:
        """Return the experiment."""
        text = shakespeare()
        sizes = GPTConfig(len(text.tokenizer), self.context, self.width, self.layers, self.heads, self.dropout)
        return Experiment(
            model=GPT(sizes),
            method=LanguageModeling(),
            train=Crops(text.train_tokens, length=self.context, batch_size=self.batch_size, batches=250, seed=seed),
            # Plain iteration walks through the whole text in windows side by side: every evaluation measures the same.
            validation=Crops(text.validation_tokens, length=self.context, batch_size=64),
            test=Crops(text.test_tokens, length=self.context, batch_size=64),
            fit=Fit(epochs=self.epochs, optimizer=self.optimizer, schedule=one_cycle(0.1), clip=1.0),
            sample=text.sample,
            unit="characters",
        )

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return Muon for the blocks' matrices, Adam for embeddings (the output layer is one of them), norms and biases."""
        matrices, others = matrices_and_others(model)
        return Muon(matrices, others, lr=self.lr, weight_decay=self.weight_decay, others_lr=self.others_lr)

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Write samples into samples.txt and draw where each character looks into attention.png."""
        tokenizer = shakespeare().tokenizer
        model = experiment.model
        prompt = tokenizer.encode("\n").expand(3, 1)
        random = torch.Generator().manual_seed(0)
        texts = [tokenizer.decode(row) for row in generate(model, prompt, 500, temperature=0.8, top_p=0.95, generator=random)]
        (folder / "samples.txt").write_text(f"\n{'-' * 40}\n".join(texts), encoding="utf-8")
        # Position embeddings end with the context, and so does what can be drawn.
        line = "ROMEO:\nWhat light through yonder window"[: self.context]
        letters = [repr(letter)[1:-1] for letter in line]
        draw_heads(attention_maps(model, tokenizer.encode(line)[None]), folder / "attention.png", tokens=letters)
