"""Images: linear models on pixels, Otsu's threshold, connected parts."""

import warnings
from typing import Any

import joblib
import numpy as np
import torch
from skimage import filters, measure
from sklearn import metrics
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.neural_network import MLPClassifier
from torch import Tensor

from practicum.data.batches import Batches
from practicum.data.mnist import fashion_mnist, mnist, scaled
from practicum.errors import PracticumError
from practicum.methods.average_precision import Detections, Truth, average_precision

_accuracies: dict[str, float] = {}  # by the data's hash: six recipes learn from the same images of clothes


def pixels(recipe: Any, run: Any) -> float:
    """Return the accuracy of a logistic regression on the pixels of an experiment's images."""
    (x, y), test = (_rows(part) for part in (run.train, run.test))
    key = joblib.hash((x, y, *test))
    if key not in _accuracies:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it stops after a hundred steps, scikit-learn's default
            _accuracies[key] = LogisticRegression().fit(x, y).score(*test)
    return _accuracies[key]


def mean_images(recipe: Any, run: Any) -> float:
    """Return the accuracy on MNIST of taking the class whose mean image is nearest."""
    digits = _whole(mnist())
    train, test = (scaled(images, 0, 1).flatten(1).numpy() for images in (digits.train_images, digits.test_images))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about pixels that are black in all images of a class
        nearest = NearestCentroid().fit(train, digits.train_labels.numpy())
    return nearest.score(test, digits.test_labels.numpy())


def plain_network(recipe: Any, run: Any) -> float:
    """Return the test loss of scikit-learn's network, of the ablation's size, without anything that is added there."""
    clothes = _whole(fashion_mnist())
    train, test = (scaled(images, 0, 1).flatten(1).numpy() for images in (clothes.train_images, clothes.test_images))
    labels = clothes.train_labels.numpy()[: recipe.images]
    return network_loss(recipe, train[: recipe.images], labels, test, clothes.test_labels.numpy())


def network_loss(recipe: Any, x: np.ndarray, y: np.ndarray, new_x: np.ndarray, new_y: np.ndarray) -> float:
    """Return the test loss in nats of one hidden layer, trained by Adam at a constant rate for all the recipe's passes."""
    network = MLPClassifier(
        (recipe.hidden,), alpha=0, batch_size=recipe.batch_size, learning_rate_init=recipe.lr, max_iter=recipe.epochs,
        n_iter_no_change=recipe.epochs, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it ends with the passes, as the recipe does
        network.fit(x, y)
    return float(metrics.log_loss(new_y, network.predict_proba(new_x), labels=network.classes_))


def threshold(recipe: Any, run: Any) -> float:
    """Return the mean Dice of calling everything foreground that is brighter than Otsu's threshold of its image."""
    scores = []
    for image_1CHW, mask_1HW in run.test:
        grey = image_1CHW[0].mean(0).numpy()
        scores.append(metrics.f1_score(mask_1HW.flatten().numpy(), (grey > filters.threshold_otsu(grey)).ravel()))
    return float(np.mean(scores))


def parts(recipe: Any, run: Any) -> float:
    """Return mAP at IoU 0.5 of the connected parts of what is colourful, each of the class of nearest mean size.

    Colourful is what lies above Otsu's threshold of the range over the channels; a size is the logarithms of width and height.
    """
    boxes, labels = run.train.tensors[1:]
    real = labels >= 0
    means = np.stack([_size(boxes[labels == label].numpy()).mean(0) for label in labels[real].unique()])
    found, truths = [], []
    for images_BCHW, boxes_BG4, labels_BG in run.test:
        for image_CHW, true_G4, label_G in zip(images_BCHW, boxes_BG4, labels_BG, strict=True):
            found.append(_parts(image_CHW, means))
            truths.append(Truth(true_G4[label_G >= 0], label_G[label_G >= 0]))
    return average_precision(found, truths, len(means)).mean(0)


def _parts(image_CHW: Tensor, means: np.ndarray) -> Detections:
    colour = (image_CHW.amax(0) - image_CHW.amin(0)).numpy()
    found = measure.regionprops(measure.label(colour > filters.threshold_otsu(colour)))
    rows = np.array([region.bbox for region in found], dtype=np.float32).reshape(-1, 4)[:, [1, 0, 3, 2]]  # to x0, y0, x1, y1
    far = np.linalg.norm(_size(rows)[:, None] - means, axis=2)
    return Detections(torch.from_numpy(rows), torch.from_numpy(-far.min(1)), torch.from_numpy(far.argmin(1)))


def _size(boxes: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(boxes[:, 2:] - boxes[:, :2], 1))


def _rows(batches: Batches) -> tuple[np.ndarray, np.ndarray]:
    """Return all images as rows of pixels, without what training does to them, and their labels."""
    images, labels = batches.tensors
    return images.flatten(1).numpy(), labels.numpy()


def _whole(images: Any) -> Any:
    if images.sample:
        raise PracticumError("expected the full images, got the packaged sample's")
    return images
