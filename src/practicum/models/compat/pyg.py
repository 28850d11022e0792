"""State dicts of single layers to and from PyTorch Geometric: GCNConv, GATConv, SAGEConv (mean), GINConv.

Each layer has its `Names` here: `gcn.from_peer(state)`, `gcn.to_peer(state)`, and so on.
"""

from dataclasses import dataclass

from torch import Tensor

State = dict[str, Tensor]


@dataclass(frozen=True)
class Names:
    """A layer's tensors under our names and the peer's, and which of them lie transposed there.

    Attributes:
        pairs: (ours, theirs).
        transposed: ours that the peer keeps as (out, in).
        heads: ours of shape (H, C) that the peer keeps as (1, H, C).
        folder: a submodule that is called ours[0] here and ours[1] there.
    """

    pairs: tuple[tuple[str, str], ...]
    transposed: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    folder: tuple[str, str] | None = None

    def from_peer(self, state: State) -> State:
        """Return our state dict for the peer's."""
        new = {ours: self._turn(ours, state[theirs], peer=True) for ours, theirs in self.pairs}
        if self.folder:
            new |= {
                self.folder[0] + key.removeprefix(self.folder[1]): value
                for key, value in state.items()
                if key.startswith(self.folder[1])
            }
        return new

    def to_peer(self, state: State) -> State:
        """Return the peer's state dict for ours."""
        new = {theirs: self._turn(ours, state[ours], peer=False) for ours, theirs in self.pairs}
        if self.folder:
            new |= {
                self.folder[1] + key.removeprefix(self.folder[0]): value
                for key, value in state.items()
                if key.startswith(self.folder[0])
            }
        return new

    def _turn(self, ours: str, value: Tensor, *, peer: bool) -> Tensor:
        if ours in self.transposed:
            return value.T.contiguous()
        if ours in self.heads:
            return value.squeeze(0) if peer else value.unsqueeze(0)
        return value.reshape(() if peer else (1,)) if ours == "eps" else value


gcn = Names((("weight_FC", "lin.weight"), ("bias_C", "bias")), transposed=("weight_FC",))
gat = Names(
    (("weight_FC", "lin.weight"), ("source_HC", "att_src"), ("target_HC", "att_dst"), ("bias_C", "bias")),
    transposed=("weight_FC",), heads=("source_HC", "target_HC"),
)  # fmt: skip
sage = Names((("own.weight", "lin_r.weight"), ("own.bias", "lin_l.bias"), ("neighbours.weight", "lin_l.weight")))
gin = Names((("eps", "eps"),), folder=("mlp.", "nn."))
