"""What a training runs on: device, processes, precision."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._pytree import tree_leaves, tree_map


@dataclass(frozen=True)
class Accelerator:
    """What to train on.

    Attributes:
        device: "auto" (a GPU if there is one), "cpu", "cuda" or "mps".
        devices: processes, one device each.
        strategy: "auto", "ddp" (each has the whole model) or "fsdp" (each has a shard of it).
        precision: "32-true", "bf16-mixed", "16-mixed", "bf16-true" or "64-true"; None leaves it to the recipe.
        compile: compile the model with `torch.compile`.
        backend: of `torch.compile`.
    """

    device: str = "auto"
    devices: int = 1
    strategy: str = "auto"
    precision: str | None = None
    compile: bool = False
    backend: str = "inductor"


_current: ContextVar[Accelerator | None] = ContextVar("accelerator", default=None)


@contextmanager
def using(accelerator: Accelerator) -> Iterator[None]:
    """Make this what every training in the block runs on that names nothing else: those of a study, say."""
    token = _current.set(accelerator)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Accelerator:
    """Return the accelerator of the `using` block around this call; the default one outside of any."""
    return _current.get() or Accelerator()


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
        strategy = _fully_sharded(accelerator.devices)
    fabric = Fabric(accelerator=accelerator.device, devices=accelerator.devices, strategy=strategy, precision=plugin)
    fabric.launch()
    convert = fabric.strategy.precision.convert_input
    # Fabric's own walk through a batch breaks off at a frozen dataclass, a sparse matrix; such objects convert themselves.
    fabric.strategy.precision.convert_input = lambda data: _on_tensors(data, convert)
    return fabric


def is_sharded(fabric: Any) -> bool:
    """Tell whether each process has a shard of the weights."""
    from lightning_fabric.strategies import ModelParallelStrategy

    return isinstance(fabric.strategy, ModelParallelStrategy)


def undistributed(fabric: Any, model: nn.Module, wrapped: nn.Module) -> nn.Module:
    """Return a model that `fabric` has wrapped, in the same precision, but without what joins the gradients of processes."""
    from lightning_fabric.wrappers import _FabricModule

    return wrapped if fabric.world_size == 1 or is_sharded(fabric) else _FabricModule(model, fabric.strategy)


def fitting(optimizer: Optimizer, fabric: Any, *, clip: bool) -> Optimizer:
    """Return the optimiser, without its fused kernel where that does not fit.

    PyTorch has some of the kernels for whole weights only, not for shards. And with scaled losses ("16-mixed") they divide the
    gradients by the scale themselves, so late that clipping before the step would see them too large.
    """
    scaled = clip and getattr(fabric.strategy.precision, "scaler", None) is not None
    if is_sharded(fabric) or scaled:
        for group in optimizer.param_groups:
            if group.get("fused"):
                group["fused"] = False
        optimizer._step_supports_amp_scaling = False  # what GradScaler asks
    return optimizer


def _fully_sharded(devices: int) -> Any:
    """Return a strategy of fully sharded training over `devices` processes (Zhao et al. 2023; FSDP2): each keeps its share of
    every weight and gathers a block's weights only while it computes.

    Lightning's own FSDP strategy takes GPUs alone; sharding through its model-parallel strategy also runs on CPU processes over
    gloo, where it can be tested.
    """
    from lightning_fabric.strategies import ModelParallelStrategy

    return ModelParallelStrategy(
        parallelize_fn=_shard, data_parallel_size=devices, tensor_parallel_size=1, save_distributed_checkpoint=False
    )


def _shard(model: nn.Module, device_mesh: Any) -> nn.Module:
    """Make each block of a stack a unit, and the rest (embeddings, heads) the last one: there one may use another's weights."""
    from torch.distributed.fsdp import fully_shard

    mesh = device_mesh["data_parallel"]
    model.to(memory_format=torch.contiguous_format)  # shards are rows of memory
    # Inner units first: the last call takes what is left as the outermost one.
    for stack in (model, *model.children()):
        for block in stack if isinstance(stack, nn.ModuleList | nn.Sequential) else ():
            if any(True for _ in block.parameters()):
                fully_shard(block, mesh=mesh)
    # Resharded after an evaluation too, which no backward pass follows: a checkpoint is written from shards.
    return fully_shard(model, mesh=mesh, reshard_after_forward=True)


def rows_of(batch: Any, rank: int, world: int, *, even: bool = False) -> Any:
    """Return this rank's rows of a batch. One of fewer rows than processes goes to all of them whole.

    Args:
        batch: tensors with a row each.
        rank: of this process.
        world: number of processes.
        even: every process gets as many, and what does not divide is left out: for methods that divide by themselves.
    """
    if world == 1:
        return batch

    def share(tensor: Tensor) -> Tensor:
        if len(tensor) < world:
            return tensor
        return tensor[: len(tensor) // world * world].chunk(world)[rank] if even else tensor.tensor_split(world)[rank]

    return _on_tensors(batch, share)


def has_rows(batch: Any) -> bool:
    """Tell whether a batch is tensors with one number of rows each, so that processes can share it. A graph is not."""
    leaves = tree_leaves(batch)
    return is_tensors(batch) and all(leaf.ndim for leaf in leaves) and len({len(leaf) for leaf in leaves}) == 1


def is_tensors(batch: Any) -> bool:
    """Tell whether a batch is made of tensors alone, and of no sparse matrix, say."""
    return all(isinstance(leaf, Tensor) for leaf in tree_leaves(batch))


def _on_tensors(data: Any, function: Callable[[Tensor], Any]) -> Any:
    return tree_map(lambda leaf: function(leaf) if isinstance(leaf, Tensor) else leaf, data)
