"""An LSTM says the last digit of a palindrome of length 20 (Hochreiter & Schmidhuber 1997).

Twice the length of the plain network's task. The forget gates begin almost open, as the length asks (Jozefowicz et al. 2015;
Tallec & Ollivier 2018): with a bias of 3 each cell keeps 95 % per step, 42 % over the eighteen steps in between; with PyTorch's 0
it keeps half per step, four millionths in all, and first has to learn to keep anything.

What surprised: trained at length 20 alone, it is right in 99.8 % or more at all lengths from 7 to 40. Its cells stand still where
the plain network's state turns. After 200 steps it is right in 91 %, with a forget bias of 1 in 31 %; with 0 it has learned
nothing after 1000 (10 %). These are of one run, on palindromes of the validation set's part.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from practicum.models.rnn import RecurrentClassifier, RecurrentConfig
from practicum.recipes._palindromes import PalindromeRecipe
from practicum.training.experiment import Target
from practicum.training.hyperparameters import option


@dataclass(frozen=True)
class Recipe(PalindromeRecipe):
    """The training and its hyperparameters."""

    length: int = 20
    hidden: int = 64
    batch_size: int = 64
    lr: float = 3e-3
    forget_bias: float = option(3.0, "that the forget gates begin with")

    target: ClassVar[Target] = Target(
        "accuracy", at_least=0.99, source="the task is to remember: a network that does is always right", minutes=2
    )

    def model(self) -> nn.Module:
        """Return the network."""
        config = RecurrentConfig("lstm", 16, self.hidden, forget_bias=self.forget_bias, fused=True)
        return RecurrentClassifier(config, vocab_size=10, num_classes=10)
