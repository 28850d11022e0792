"""Pictures that several recipes draw."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from practicum.methods.classify import confusion_matrix
from practicum.training.experiment import Experiment


def draw_confusion(experiment: Experiment, classes: Sequence[str], path: Path) -> None:
    """Draw how often each class of the test data was taken for each other one.

    Args:
        experiment: its model in eval mode.
        classes: their names, by label.
        path: of the PNG file.
    """
    from matplotlib.figure import Figure

    counts = confusion_matrix(experiment.model, experiment.test, len(classes))
    shares = counts / counts.sum(1, keepdim=True).clamp_min(1)
    size = max(4.0, 0.55 * len(classes))
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= 20:
        for i, row in enumerate(counts.tolist()):
            for j, count in enumerate(row):
                if count:
                    axes.text(
                        j, i, str(count), ha="center", va="center", fontsize=7, color="white" if shares[i, j] > 0.5 else "black"
                    )
    axes.set_xticks(range(len(classes)), classes, rotation=90)
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    figure.savefig(path, dpi=120)


def draw_images(images: Tensor, path: Path, *, titles: Sequence[str] = (), columns: int = 8, signed: bool = False) -> None:
    """Draw a grid of images or filters, each stretched to the full range.

    Args:
        images: shape (N, H, W), or (N, 3, H, W) for colour.
        path: of the PNG file.
        titles: one above each image, or none.
        columns: images per row.
        signed: show one channel's numbers above 0 in red, below 0 in blue, and 0 in white.
    """
    from matplotlib.figure import Figure

    rows = -(-len(images) // columns)
    figure = Figure(figsize=(1.2 * columns, (1.45 if titles else 1.2) * rows), layout="constrained")
    for axes, number in zip(figure.subplots(rows, columns, squeeze=False).flat, range(rows * columns), strict=True):
        axes.axis("off")
        if number < len(images):
            image = images[number].float()
            low, high = (-image.abs().max(), image.abs().max()) if signed else (image.min(), image.max())
            image = (image - low) / (high - low).clamp_min(1e-12)
            pixels = (image if image.ndim == 2 else image.permute(1, 2, 0)).numpy()
            axes.imshow(pixels, cmap="RdBu_r" if signed else "gray", vmin=0, vmax=1)
            if titles:
                axes.set_title(titles[number], fontsize=8)
    figure.savefig(path, dpi=120)
