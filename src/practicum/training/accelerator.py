"""What a training runs on: device, processes, precision."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Accelerator:
    """What to train on.

    Attributes:
        device: "auto" (a GPU if there is one), "cpu", "cuda" or "mps".
        devices: processes, one device each.
        strategy: "auto", "ddp" (each has the whole model) or "fsdp" (each has a shard of it).
        precision: "32-true", "bf16-mixed", "16-mixed", "bf16-true" or "64-true"; None leaves it to the recipe.
        compile: compile the model with `torch.compile`.
    """

    device: str = "auto"
    devices: int = 1
    strategy: str = "auto"
    precision: str | None = None
    compile: bool = False


def launch(accelerator: Accelerator, precision: str | None = None) -> Any:
    """Return a Fabric on the accelerator, its processes started.

    Args:
        accelerator: what to train on.
        precision: where the accelerator names none; "32-true" if this does not either.
    """
    from lightning_fabric import Fabric

    strategy: Any = accelerator.strategy
    plugin: Any = accelerator.precision or precision or "32-true"
    if strategy == "fsdp":
        from practicum.training.fsdp import fully_sharded

        strategy = fully_sharded(accelerator.devices)
    fabric = Fabric(accelerator=accelerator.device, devices=accelerator.devices, strategy=strategy, precision=plugin)
    fabric.launch()
    return fabric


def rows_of(batch: Any, rank: int, world: int) -> Any:
    """Return this rank's rows of a batch; what does not divide by the number of processes is left out."""
    if world == 1:
        return batch
    if isinstance(batch, dict):
        return {key: rows_of(value, rank, world) for key, value in batch.items()}
    if isinstance(batch, tuple | list):
        return type(batch)(rows_of(value, rank, world) for value in batch)
    if len(batch) < world:
        raise ValueError(f"a batch of {len(batch)} rows cannot be shared by {world} processes; use drop_last or larger batches")
    share = len(batch) // world
    return batch[rank * share : (rank + 1) * share]
