"""Image networks trained as our recipes do it, beside PyTorch as its tutorials have it: float32, contiguous, DataLoader.

Both sides have the same layers and learn from the same images; what differs is the memory format, the precision of products where
a recipe lowers it, the fused optimiser, and how batches are made.
"""

import torch
import torch.nn.functional as F
from interleave import Row
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from practicum.data.augment import shifted
from practicum.data.batches import Batches
from practicum.methods.classify import Classify
from practicum.models.lenet import LeNet5
from practicum.models.resnet import ResNet, resnet18
from practicum.training.accelerator import Accelerator, launch

BATCH, BATCHES = 128, 16


def resnet_step(width: int, size: int) -> Row:
    """Return the row for a step of ResNet-18 with a CIFAR stem."""

    def network() -> ResNet:
        return resnet18(num_classes=10, in_channels=1, stem="cifar", width=width).train()

    ours, theirs, method = network().to(memory_format=torch.channels_last), network(), Classify(0.1)
    fabric = launch(Accelerator(device="cpu"), "bf16-mixed")
    mixed = fabric.setup_module(ours)
    fused = torch.optim.SGD(ours.parameters(), lr=0.01, momentum=0.9, nesterov=True, fused=True)
    plain = torch.optim.SGD(theirs.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    images, labels = torch.randn(size, 1, 28, 28), torch.randint(10, (size,))

    def our_step() -> None:
        fused.zero_grad()
        fabric.backward(method.loss(mixed, (images, labels)))
        fused.step()

    def plain_step() -> None:
        plain.zero_grad()
        F.cross_entropy(theirs(images), labels, label_smoothing=0.1).backward()
        plain.step()

    return Row(
        f"ResNet-18 training step, CIFAR stem, width {width}, {size} × 28×28",
        "PyTorch, float32, contiguous, SGD as it comes",
        our_step,
        plain_step,
        floor=1.8,
        work=size,
        unit="image",
        note="channels_last, bfloat16 products, fused SGD",
    )


class TutorialLeNet(nn.Module):
    """LeNet-5 in the order of PyTorch's tutorials: convolution, ReLU, pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x_BCHW = F.max_pool2d(F.relu(self.conv1(x_BCHW)), 2)
        x_BCHW = F.max_pool2d(F.relu(self.conv2(x_BCHW)), 2)
        scores_BK: Tensor = self.fc3(F.relu(self.fc2(F.relu(self.fc1(x_BCHW.flatten(1))))))
        return scores_BK


class ShiftedImages(Dataset[tuple[Tensor, Tensor]]):
    """Bytes that are padded, cropped at random, made floats and normalised one image at a time, as transforms are."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        padded_1HW = F.pad(self.images[index], (2, 2, 2, 2))
        top, left = torch.randint(5, (2,)).tolist()
        return (padded_1HW[:, top : top + 28, left : left + 28].float() / 255 - 0.1307) / 0.3081, self.labels[index]


def lenet_epoch(augment: bool) -> Row:
    """Return the row for passes of LeNet-5 over a few batches."""
    count = BATCH * BATCHES
    bytes_N1HW, labels = torch.randint(256, (count, 1, 28, 28), dtype=torch.uint8), torch.randint(10, (count,))
    floats_N1HW = (bytes_N1HW.float() / 255 - 0.1307) / 0.3081
    black = float(floats_N1HW.min())

    def shift(generator: torch.Generator, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return shifted(images, generator, 2, fill=black), labels

    ours, theirs, method = LeNet5().to(memory_format=torch.channels_last), TutorialLeNet(), Classify()
    batches = Batches(floats_N1HW, labels, batch_size=BATCH, transform=shift if augment else None)
    dataset = ShiftedImages(bytes_N1HW, labels) if augment else TensorDataset(floats_N1HW, labels)
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True)
    fused = torch.optim.AdamW(ours.parameters(), lr=1e-3, fused=True)
    plain = torch.optim.AdamW(theirs.parameters(), lr=1e-3)

    def our_epoch() -> None:
        for batch in batches.epoch(0):
            fused.zero_grad()
            method.loss(ours, batch).backward()
            fused.step()

    def plain_epoch() -> None:
        for images_B1HW, labels_B in loader:
            plain.zero_grad()
            F.cross_entropy(theirs(images_B1HW), labels_B).backward()
            plain.step()

    return Row(
        f"LeNet-5 training, {BATCHES} batches of {BATCH}, {'shifted' if augment else 'as they are'}",
        f"PyTorch, DataLoader on {'bytes, transformed one by one' if augment else 'a TensorDataset'}",
        our_epoch,
        plain_epoch,
        floor=1.8 if augment else 1.25,
        work=count,
        unit="image",
        note="channels_last, fused AdamW, ReLU after pooling, batches by index",
    )


def rows() -> list[Row]:
    """Return the comparisons."""
    torch.manual_seed(0)
    return [resnet_step(64, 32), resnet_step(16, 64), lenet_epoch(True), lenet_epoch(False)]
