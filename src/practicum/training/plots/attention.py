"""Pictures of attention weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor


def draw_heads(maps: Mapping[str, Tensor], path: Path, *, tokens: Sequence[str] = (), row: int = 0) -> None:
    """Draw one square per layer and head: the keys from left to right, the queries from top to bottom.

    Args:
        maps: a layer's name → weights of shape (B, H, T, S), as `attention_maps` returns them.
        path: of the PNG file.
        tokens: names of the keys and queries, or none.
        row: of the batch.
    """
    from matplotlib.figure import Figure

    heads = max(weights.shape[1] for weights in maps.values())
    size = 1.6 if not tokens else max(1.6, 0.11 * len(tokens))
    figure = Figure(figsize=(size * heads + 0.6, (size + 0.25) * len(maps)), layout="constrained")
    for line, (name, weights) in zip(figure.subplots(len(maps), heads, squeeze=False), maps.items(), strict=True):
        for head, axes in enumerate(line):
            axes.set_xticks([])
            axes.set_yticks([])
            if head >= weights.shape[1]:
                axes.axis("off")
                continue
            # Square-root colours: most weights are small, and their pattern is what one wants to see.
            axes.imshow(weights[row, head].float().sqrt(), cmap="magma", vmin=0, vmax=1, interpolation="nearest")
            if tokens:
                axes.set_xticks(range(len(tokens)), tokens, fontsize=4)
                axes.set_yticks(range(len(tokens)), tokens, fontsize=4)
            if head == 0:
                axes.set_ylabel(name, fontsize=6)
            axes.set_title(f"head {head + 1}", fontsize=6, pad=2)
    figure.savefig(path, dpi=150)
