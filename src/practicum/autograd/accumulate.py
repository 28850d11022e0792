"""Adding up gradients: `Gradients` as the maths says, `InPlaceGradients` with the same result and less copying."""

from practicum.autograd.ops.layout import Scatter
from practicum.autograd.tensor import Rule, Tensor


class Gradients(dict[Tensor, Tensor]):
    """x̄ for every tensor x that the walk has come to."""

    def add(self, x: Tensor, rule: Rule, g: Tensor, y: Tensor) -> None:
        """x̄ ← x̄ + (∂y/∂x)ᵀ ȳ, with g for ȳ."""
        self.arrive(x, rule(g, y))

    def arrive(self, x: Tensor, part: Tensor) -> None:
        """Add `part` to the gradient of x."""
        part = part.to(x.dtype)
        self[x] = self[x] + part if x in self else part

    def own(self, x: Tensor) -> Tensor:
        """Return the gradient of x in an array that nothing else refers to."""
        return self[x].clone()


class InPlaceGradients(Gradients):
    """Adds into arrays that it owns. Its gradients cannot be differentiated again.

    Reading x piece by piece (`x[0]`, `x[1]`, …) then costs as much as reading it whole: each piece's gradient goes straight to
    its place, where `Gradients` makes an array as large as x for each.

    Attributes:
        owned: tensors whose gradient is an array that nothing else refers to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.owned: set[Tensor] = set()

    def add(self, x: Tensor, rule: Rule, g: Tensor, y: Tensor) -> None:
        """x̄ ← x̄ + (∂y/∂x)ᵀ ȳ, with g for ȳ."""
        if isinstance(rule, Scatter) and x in self.owned:
            rule.into(self[x].data, g.data)
            return
        part = rule(g, y)
        # A rule may hand on g itself, or a view of something: such an array is not ours to change.
        self.arrive(x, part, fresh=part.data.base is None and part.data is not g.data)

    def arrive(self, x: Tensor, part: Tensor, fresh: bool = False) -> None:
        """Add `part` to the gradient of x; `fresh` says that nothing else refers to its array."""
        if part.data.dtype != x.data.dtype:
            part, fresh = part.to(x.dtype), True
        if x not in self:
            self[x] = part
        elif x in self.owned:
            self[x].data += part.data
            return
        else:
            self[x], fresh = self[x] + part, True
        if fresh:
            self.owned.add(x)

    def own(self, x: Tensor) -> Tensor:
        """Return the gradient of x in an array that nothing else refers to."""
        return self[x] if x in self.owned else self[x].clone()
