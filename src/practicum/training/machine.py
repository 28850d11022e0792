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
        precision: "32-true", "bf16-mixed", "16-mixed", "bf16-true" or "64-true".
        compile: compile the model with `torch.compile`.
    """

    device: str = "auto"
    devices: int = 1
    strategy: str = "auto"
    precision: str = "32-true"
    compile: bool = False


def launch(machine: Machine) -> Any:
    """Returns a Fabric on the machine, its processes started."""
    from lightning_fabric import Fabric

    strategy: Any = machine.strategy
    if strategy == "fsdp":
        from practicum.training.shard import fully_sharded

        strategy = fully_sharded(machine.devices)
    fabric = Fabric(accelerator=machine.device, devices=machine.devices, strategy=strategy, precision=machine.precision)
    fabric.launch()
    return fabric
