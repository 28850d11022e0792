"""Mixed precision: the same objective, nearly the same numbers, weights and gradients in float32."""

import torch
from torch import nn

from practicum.methods.classify import Classify
from practicum.methods.mixed_precision import MixedPrecision


def test_products_are_in_bfloat16_and_weights_in_float32() -> None:
    torch.manual_seed(0)
    model, batch = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 5)), (torch.randn(32, 64), torch.randint(5, (32,)))
    seen = []
    model[0].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    gradients = []
    for method in (Classify(0.1), MixedPrecision(Classify(0.1))):
        model.zero_grad()
        loss = method.loss(model, batch)
        loss.backward()
        assert loss.dtype == torch.float32
        gradients.append(torch.cat([parameter.grad.flatten() for parameter in model.parameters()]))
    assert seen == [torch.float32, torch.bfloat16]
    assert gradients[1].dtype == torch.float32
    assert 0 < (gradients[1] - gradients[0]).norm() / gradients[0].norm() < 0.05


def test_metrics_are_near_and_nothing_stays_switched_on() -> None:
    torch.manual_seed(1)
    model, batches = nn.Linear(8, 3), [(torch.randn(40, 8), torch.randint(3, (40,))) for _ in range(3)]
    exact, rough = Classify().evaluate(model, batches), MixedPrecision(Classify()).evaluate(model, batches)
    assert exact.keys() == rough.keys()
    assert 0 < abs(exact["loss"] - rough["loss"]) < 0.01
    assert abs(exact["accuracy"] - rough["accuracy"]) < 0.05
    assert model(batches[0][0]).dtype == torch.float32
