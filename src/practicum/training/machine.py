"""What a training runs on: device, processes, precision."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Machine:
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


def launch(machine: Machine, precision: str | None = None) -> Any:
    """Return a Fabric on the machine, its processes started.

    Args:
        machine: what to train on.
        precision: where the machine names none; "32-true" if this does not either.
    """
    from lightning_fabric import Fabric

    strategy: Any = machine.strategy
    plugin: Any = machine.precision or precision or "32-true"
    if strategy == "fsdp":
        from practicum.training.shard import fully_sharded

        strategy = fully_sharded(machine.devices)
    fabric = Fabric(accelerator=machine.device, devices=machine.devices, strategy=strategy, precision=plugin)
    fabric.launch()
    return fabric
