"""An MLP on scikit-learn's 8×8 digits, trained by the NumPy engine from first to last.

The 1,797 digits (Alpaydin & Kaynak 1998) are split once for all seeds into three sets, each class in proportion. Two hidden
layers, AdamW with a cosine schedule, dropout and label smoothing. The settings were chosen among four by three folds of what is
not tested on.

What surprised: moving each digit by up to one pixel, which helps on MNIST, does harm here. On the three folds it lost 1.8
points (96.9 % instead of 98.7 %): the digits fill their eight pixels, and a pixel is an eighth of the image.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from practicum import autograd
from practicum.autograd import Tensor, nn, optim
from practicum.data.digits import digits
from practicum.training.experiment import Sets, StudyResult, Target
from practicum.training.hyperparameters import option


@dataclass(frozen=True)
class Recipe:
    """The study and its hyperparameters."""

    epochs: int = option(60, "passes over the training digits")
    lr: float = option(3e-3, "learning rate at the start; it follows half a cosine down to zero")
    hidden: int = option(128, "units in each hidden layer")
    batch_size: int = option(64, "digits per step")
    dropout: float = option(0.2, "share of hidden units that a step leaves out")
    weight_decay: float = option(0.01, "AdamW's")
    shift: bool = option(False, "move each digit by up to one pixel at every sight of it")

    target: ClassVar[Target] = Target(
        "accuracy",
        at_least=0.973,
        source=(
            "own: ten other seeds have 0.976 ± 0.004 of the validation digits; less two standard errors of five. "
            "Logistic regression has 0.969 of them"
        ),
        minutes=0.5,
        seeds=5,
    )

    def run(self, seed: int, folder: Path) -> StudyResult:
        """Train one network; `logistic_accuracy` is what a linear model reaches on the same split."""
        data = digits()
        x_train, x_validation, x_test = (
            scaled(images) for images in (data.train_images, data.validation_images, data.test_images)
        )
        y_train, y_test = data.train_labels, data.test_labels
        autograd.manual_seed(seed)
        random = np.random.default_rng(seed)
        model = nn.Sequential(
            nn.Linear(64, self.hidden), nn.ReLU(), nn.Dropout(self.dropout),
            nn.Linear(self.hidden, self.hidden), nn.ReLU(), nn.Dropout(self.dropout),
            nn.Linear(self.hidden, 10),
        )  # fmt: skip
        optimizer = optim.AdamW(model.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
        losses = []
        for epoch in range(self.epochs):
            optimizer.param_groups[0]["lr"] = self.lr * (1 + math.cos(math.pi * epoch / self.epochs)) / 2
            # A new order each epoch, from a generator that dropout doesn't draw from.
            order = random.permutation(len(x_train))
            total = 0.0
            for rows in np.array_split(order, math.ceil(len(order) / self.batch_size)):
                images = shifted(random, x_train[rows]) if self.shift else x_train[rows]
                optimizer.zero_grad()
                loss = criterion(model(Tensor(images.reshape(-1, 64))), y_train[rows])
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
            losses.append(total / len(order))
        model.eval()
        taken = predict(model, x_test)
        wrong = taken != y_test
        draw(losses, x_test[wrong], y_test[wrong], taken[wrong], folder / "digits.png")
        return StudyResult(
            {
                "accuracy": float(1 - wrong.mean()),
                "train_accuracy": float((predict(model, x_train) == y_train).mean()),
                "validation_accuracy": float((predict(model, x_validation) == data.validation_labels).mean()),
                "logistic_accuracy": logistic(x_train, x_test, y_train, y_test),
                "loss": losses[-1],
            },
            sets=Sets(len(x_train), len(x_validation), len(x_test), "images"),
        )


def scaled(images: Any) -> Any:
    """Return images whose pixels lie in [−1, 1], in single precision."""
    return (images / 8 - 1).astype(np.float32)


def shifted(random: np.random.Generator, images: Any) -> Any:
    """Move each image by −1, 0 or 1 pixels in both directions; what comes in is background."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), constant_values=-1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (8, 8), (1, 2))
    down, right = random.integers(0, 3, (2, len(images)))
    return windows[np.arange(len(images)), down, right]


def predict(model: nn.Module, images: Any) -> Any:
    """Return the likeliest class of each image."""
    with autograd.no_grad():
        return model(Tensor(images.reshape(-1, 64))).argmax(1).numpy()


def logistic(x_train: Any, x_test: Any, y_train: Any, y_test: Any) -> float:
    """Test accuracy of scikit-learn's logistic regression with its default settings."""
    from sklearn.linear_model import LogisticRegression

    return float(LogisticRegression(max_iter=1000).fit(x_train.reshape(-1, 64), y_train).score(x_test.reshape(-1, 64), y_test))


def draw(losses: list[float], images: Any, labels: Any, predictions: Any, path: Path) -> None:
    """Draw the loss over epochs, and up to eight test digits that were taken for others."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.4), layout="constrained")
    halves: Any = figure.subfigures(1, 2)
    left, right = halves
    axes = left.subplots()
    axes.plot(np.arange(1, len(losses) + 1), losses)
    axes.set(xlabel="epoch", ylabel="training loss")
    right.suptitle(f"wrong on {len(images)} test digits (true → taken for)", fontsize=10)
    for i, panel in enumerate(right.subplots(2, 4).flat):
        panel.axis("off")
        if i < len(images):
            panel.imshow(images[i], cmap="gray_r")
            panel.set_title(f"{labels[i]} → {predictions[i]}", fontsize=9)
    figure.savefig(path, dpi=120)
