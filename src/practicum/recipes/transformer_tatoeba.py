"""The Transformer (Vaswani et al. 2017) from German to English, 44,000 short sentences of Tatoeba.

Data, words and BLEU are those of `seq2seq_tatoeba`. A small model, with LayerNorm in front of each sublayer, which needs no long
warm-up and takes a higher learning rate. Products are in bfloat16.

What surprised: how far it is ahead with the same sentences and passes, 53.0 BLEU against 34.2, for less than
twice the time.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from practicum.models.layers.attention import attention_maps
from practicum.models.transformer import Transformer, TransformerConfig
from practicum.recipes._tatoeba import LONGEST, draw_attention, german, translating, write_samples
from practicum.training.experiment import Experiment, Target
from practicum.training.loop import Fit
from practicum.training.schedules import one_cycle


@dataclass(frozen=True)
class Recipe:
    """Knobs.

    Attributes:
        epochs: passes over the training set.
        batch_size: sentences per step.
        lr: peak learning rate.
        width: of the model.
        num_heads: of each attention.
        hidden: units inside the feed-forward layers.
        layers: of the encoder, and of the decoder.
        dropout: everywhere.
        label_smoothing: in [0, 1).
        beam: beginnings kept when translating; 1 is greedy.
    """

    epochs: int = 6
    batch_size: int = 128
    lr: float = 1.5e-3
    width: int = 160
    num_heads: int = 4
    hidden: int = 320
    layers: int = 2
    dropout: float = 0.1
    label_smoothing: float = 0.1
    beam: int = 4

    target: ClassVar[Target] = Target(
        "bleu", at_least=37.2, source="three more than the mean of `seq2seq_tatoeba`", minutes=8, seeds=1
    )

    def build(self, seed: int) -> Experiment:
        """Return the experiment."""
        data = german(batch_size=self.batch_size, seed=seed)
        config = TransformerConfig(
            len(data.source), len(data.target), self.width, self.num_heads, self.hidden, self.layers, self.layers,
            dropout=self.dropout, norm_first=True, max_length=LONGEST + 4,
        )  # fmt: skip
        return Experiment(
            model=Transformer(config),
            method=translating(label_smoothing=self.label_smoothing, beam=self.beam),
            train=data.train,
            validation=data.validation,
            test=data.test,
            fit=Fit(
                epochs=self.epochs,
                optimizer=lambda model: torch.optim.AdamW(
                    model.parameters(), lr=self.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True
                ),
                schedule=one_cycle(warmup=0.15),
                clip=1.0,
                evaluate_every=2,
                precision="bf16-mixed",
            ),
        )

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Write translations, and draws where the model looks while it writes: the last layer, the mean of its heads."""
        data = german(batch_size=self.batch_size, seed=0)
        model, layer = experiment.model, f"decoder.layers.{self.layers - 1}.cross_attention"
        write_samples(model, data, experiment.method, folder / "translations.txt")
        draw_attention(
            model, data, experiment.method, lambda s, t: attention_maps(model, s, t)[layer][0].mean(0), folder / "attention.png"
        )
