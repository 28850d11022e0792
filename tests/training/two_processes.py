"""Trains a small net and saves its weights and first gradients; run by one process or two (see test_processes.py)."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Fabric imports torchmetrics where it is installed, which imports transformers and scipy: half of the time of a start.
    sys.modules["torchmetrics"] = None  # type: ignore[assignment]

import torch
from torch import Tensor, nn

from practicum.data.batches import Batches
from practicum.methods.language_model import IGNORED, LanguageModeling
from practicum.training.accelerator import Accelerator, launch
from practicum.training.loop import Fit, fit


def main(folder: Path, devices: int, strategy: str) -> None:
    """Trains one epoch, then goes on from its checkpoint to the second as a new run would."""
    accelerator = Accelerator(device="cpu", devices=devices, strategy=strategy)
    fabric = launch(accelerator)
    gradients: dict[str, Tensor] = {}
    for epochs in (1, 2):
        torch.manual_seed(5)
        model = nn.Sequential(
            nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 16), nn.Dropout(0.0), nn.Tanh(), nn.Linear(16, 2)
        ).double()
        generator = torch.Generator().manual_seed(3)
        # Rows that two processes and two batches cannot share evenly; some have ten times as many targets as others.
        x = torch.randn(97, 10, 6, generator=generator, dtype=torch.float64)
        y = torch.where(torch.arange(10) <= torch.arange(97)[:, None] % 10, (x[:, :, 0] * x[:, :, 1] > 0).long(), IGNORED)

        def optimizer(wrapped: nn.Module, model: nn.Module = model) -> torch.optim.Optimizer:
            def note(*_: object) -> None:
                if not gradients:
                    gradients.update({name: whole(p.grad) for name, p in model.named_parameters()})

            made = torch.optim.AdamW(wrapped.parameters(), lr=1e-2)
            made.register_step_pre_hook(note)
            return made

        how = Fit(epochs=epochs, optimizer=optimizer, clip=0.5, accumulate=2)
        data = Batches(x, y, batch_size=15, seed=2)
        rows = fit(model, LanguageModeling(), data, how, folder=folder, accelerator=accelerator, fabric=fabric)
    weights = {name: whole(p) for name, p in model.named_parameters()}
    if fabric.is_global_zero:
        losses = [row["train_loss"] for row in rows]
        torch.save({"weights": weights, "gradients": gradients, "losses": losses}, folder / "out.pt")


def whole(tensor: Tensor) -> Tensor:
    """A tensor, gathered from its shards where it has such."""
    return (tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor).detach().clone()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
