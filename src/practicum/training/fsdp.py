"""Fully sharded training (Zhao et al. 2023; FSDP2): every process keeps its share of each weight and gathers a block's weights
only while it computes.

Lightning's own FSDP strategy takes GPUs alone; sharding through its model-parallel strategy also runs on CPU processes over
gloo, where it can be tested.
"""

from typing import Any

from torch import nn
from torch.distributed.fsdp import fully_shard


def fully_sharded(devices: int) -> Any:
    """Return a Fabric strategy that shards over `devices` processes: each direct child with weights (each block of a stack) is
    a unit, the rest is the last one.
    """
    from lightning_fabric.strategies import ModelParallelStrategy

    return ModelParallelStrategy(
        parallelize_fn=_shard, data_parallel_size=devices, tensor_parallel_size=1, save_distributed_checkpoint=False
    )


def _shard(model: nn.Module, device_mesh: Any) -> nn.Module:
    mesh = device_mesh["data_parallel"]
    # Inner units first: the last call takes what is left, embeddings and heads, as the outermost one.
    for child in model.children():
        blocks = child if isinstance(child, nn.ModuleList | nn.Sequential) else [child]
        for block in blocks:
            if any(True for _ in block.parameters()):
                fully_shard(block, mesh=mesh)
    return fully_shard(model, mesh=mesh)
