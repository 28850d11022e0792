"""A plain recurrent network says the last digit of a palindrome of length 10.

The task of many courses: 128 hidden units, batches of 128, no gates. The recurrent weights begin as an orthogonal matrix (Saxe
et al. 2014): at the start the gradient reaches the first digit almost unshrunk. Its norm is clipped (Pascanu, Mikolov & Bengio
2013).

What surprised: it remembers for length 10 and no other. At lengths 9 and 11 the same network is right in one case of a thousand,
where chance is 100: it carries the digit in a state that changes at every step, and the output layer reads it after nine steps
only. The orthogonal start is a help and no condition: after 100 steps it is right in 86 %, with PyTorch's own start in 11 %, and
after 200 in 99 % or more with either. With it, length 20 works too. These are of one run, on palindromes of the validation set's
part.
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

    orthogonal: bool = option(True, "recurrent weights begin orthogonal; otherwise as PyTorch has them")

    target: ClassVar[Target] = Target(
        "accuracy", at_least=0.99, source="the task is to remember: a network that does is always right", minutes=1
    )

    def model(self) -> nn.Module:
        """Return the network."""
        model = RecurrentClassifier(RecurrentConfig("rnn", 16, self.hidden, fused=True), vocab_size=10, num_classes=10)
        if self.orthogonal:
            # An orthogonal matrix keeps lengths: a gradient that goes back through it neither vanishes nor explodes.
            nn.init.orthogonal_(model.body.cells[0].recurrent.weight)
        return model
