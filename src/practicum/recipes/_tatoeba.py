"""The family of recipes that translate German into English: numbered sentences, samples as text, attention as pictures."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from practicum.data.batches import Buckets
from practicum.data.tatoeba import deu_eng, pair_columns, reference_columns
from practicum.data.words import BOS, EOS, PAD, UNK, Vocabulary
from practicum.methods.translate import Translate
from practicum.training.experiment import Experiment
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit
from practicum.training.schedules import one_cycle

LONGEST = 20  # words of a translation; the longest sentence has 17
SHOWN = (3, 8, 21, 34)  # sentences of the test set whose attention is drawn


@dataclass(frozen=True)
class German:
    """Batches of `(source_BS, target_BT, *further_BT)`.

    Attributes:
        source: the German words that come twice or more in the training set.
        target: the English words that come three times or more.
        train: pairs.
        validation: 1,000 German sentences with up to four translations.
        test: 2,000 others.
    """

    source: Vocabulary
    target: Vocabulary
    train: Buckets
    validation: Buckets
    test: Buckets


def german(*, batch_size: int, seed: int) -> German:
    """Return the sentences as numbers."""
    corpus = deu_eng()
    source = Vocabulary.of((sentence for sentence, _ in corpus.train), min_count=2)
    target = Vocabulary.of((sentence for _, sentence in corpus.train), min_count=3)
    return German(
        source,
        target,
        Buckets(*pair_columns(corpus.train, source, target), batch_size=batch_size, seed=seed, pad=PAD),
        Buckets(*reference_columns(corpus.validation, source, target), batch_size=250, shuffle=False, pad=PAD),
        Buckets(*reference_columns(corpus.test, source, target), batch_size=250, shuffle=False, pad=PAD),
    )


@dataclass(frozen=True)
class TatoebaRecipe(ABC):
    """A network that translates, with cross-entropy to descend and BLEU to measure; products are in bfloat16.

    Attributes:
        warmup: fraction of the training in which the learning rate rises.
        betas: AdamW's.
    """

    epochs: int = option(6, "passes over the training set")
    batch_size: int = option(128, "sentences per step")
    lr: float = option(3e-3, "peak learning rate")
    dropout: float = option(0.1, "everywhere")
    label_smoothing: float = option(0.1, "in [0, 1)")
    beam: int = option(4, "beginnings kept when translating; 1 is greedy")

    warmup: ClassVar[float] = 0.2
    betas: ClassVar[tuple[float, float]] = (0.9, 0.999)

    @abstractmethod
    def model(self, source_words: int, target_words: int) -> nn.Module:
        """Return the network for vocabularies of these sizes."""

    @abstractmethod
    def alignment(self, model: Any, source_1S: Tensor, target_1T: Tensor) -> Tensor:
        """Return the weights (T, S) of what the model looks at while it writes."""

    def attends(self) -> bool:
        """Tell whether there is an alignment to draw."""
        return True

    def method(self) -> Translate:
        """Return what to descend and how to translate: the unknown word is never a translation."""
        return Translate(
            BOS, EOS, PAD, never=(UNK,), label_smoothing=self.label_smoothing, beam=self.beam, length_penalty=0.6,
            max_length=LONGEST,
        )  # fmt: skip

    def build(self, seed: int) -> Experiment:
        """Return the experiment."""
        data = german(batch_size=self.batch_size, seed=seed)
        return Experiment(
            model=self.model(len(data.source), len(data.target)),
            method=self.method(),
            train=data.train,
            validation=data.validation,
            test=data.test,
            fit=Fit(
                epochs=self.epochs,
                optimizer=lambda model: torch.optim.AdamW(
                    model.parameters(), lr=self.lr, betas=self.betas, weight_decay=0.01, fused=True
                ),
                schedule=one_cycle(warmup=self.warmup),
                clip=1.0,
                evaluate_every=2,
                precision="bf16-mixed",
            ),
            unit="sentences",
        )

    def picture(self, experiment: Experiment, folder: Path) -> None:
        """Write translations, and draw where the model looks while it writes."""
        data = german(batch_size=self.batch_size, seed=0)
        model, method = experiment.model, experiment.method
        write_samples(model, data, method, folder / "translations.txt")
        if self.attends():
            draw_attention(model, data, method, partial(self.alignment, model), folder / "attention.png")


def write_samples(model: nn.Module, data: German, method: Any, path: Path) -> None:
    """Write 40 test sentences, what people and what the model made of them."""
    source_BS, *columns = next(iter(data.test))
    lines = []
    for i, words in enumerate(translated(model, method, source_BS[:40])):
        references = [
            _text(data.target.decode(column[i][column[i] > EOS])) for column in columns if len(column[i]) and column[i][0]
        ]
        lines.append(
            f"German   {_text(data.source.decode(source_BS[i][(source_BS[i] != PAD) & (source_BS[i] != EOS)]))}\n"
            f"people   {' / '.join(references)}\nmodel    {_text(data.target.decode(words))}\n"
        )
    path.write_text("\n".join(lines), encoding="utf-8")


def translated(model: nn.Module, method: Any, source_BS: Tensor) -> list[list[int]]:
    """Return the words' numbers of the model's translations, without the end of the sentence."""
    return [[word for word in row if word not in (PAD, EOS)] for row in method.translate(model, source_BS).tolist()]


def draw_attention(
    model: nn.Module,
    data: German,
    method: Any,
    weights: Callable[[Tensor, Tensor], Tensor],
    path: Path,
    rows: Sequence[int] = SHOWN,
) -> None:
    """Draw which German words the model looks at while it writes each English one.

    Args:
        model: translates.
        data: the sentences and their words.
        method: translates with it.
        weights: maps a source (1, S) and a beginning (1, T) to weights (T, S).
        path: of the PNG file.
        rows: sentences of the first test batch.
    """
    from matplotlib.figure import Figure

    source_BS = next(iter(data.test))[0]
    figure = Figure(figsize=(4 * len(rows), 4), layout="constrained")
    for axes, row in zip(figure.subplots(1, len(rows), squeeze=False).flat, rows, strict=True):
        source = source_BS[row][source_BS[row] != PAD][None]
        words = translated(model, method, source)[0]
        axes.imshow(weights(source, torch.tensor([[BOS, *words]])).float().numpy(), cmap="Greys", vmin=0, vmax=1)
        axes.set_xticks(range(source.shape[1]), data.source.decode(source[0]), rotation=60, ha="right")
        axes.set_yticks(range(len(words) + 1), [*data.target.decode(words), "<eos>"])
    figure.savefig(path, dpi=120)


def _text(words: Sequence[str]) -> str:
    return " ".join(words)
