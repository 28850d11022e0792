"""The picture of a training: loss and metrics over epochs."""

from pathlib import Path


def draw_curve(rows: list[dict[str, float]], path: Path, title: str) -> None:
    """Draw losses on the left, every other metric on the right.

    Args:
        rows: one per evaluation, as `fit` returns them.
        path: of the PNG file.
        title: above the picture.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    losses, metrics = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in rows]
    for name in rows[-1]:
        if name in ("epoch", "step", "lr", "seconds", "cpu_seconds"):
            continue
        # Losses share a scale with each other, and none with accuracies.
        panel = losses if "loss" in name else metrics
        panel.plot(epochs, [row.get(name, float("nan")) for row in rows], marker="." if len(rows) < 40 else None, label=name)
    for panel in (losses, metrics):
        panel.set_xlabel("epoch")
        panel.grid(alpha=0.3)
        if panel.lines:
            panel.legend(frameon=False)
    losses.set_ylabel("loss")
    figure.suptitle(title)
    figure.savefig(path, dpi=120)
