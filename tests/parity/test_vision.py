"""The vision networks against torchvision: the same weights and images, values and gradients, in both modes."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from practicum.models.alexnet import AlexNet, AlexNetConfig
from practicum.models.compat import mobilenet as mobilenet_compat
from practicum.models.compat import resnet as resnet_compat
from practicum.models.googlenet import GoogLeNet, GoogLeNetConfig
from practicum.models.mobilenet import MobileNetV2, MobileNetV2Config
from practicum.models.resnet import ResNet, ResNetConfig, resnet18, resnet34, resnet50
from practicum.models.vgg import STAGES, VGG, VGGConfig
from tests.parity.torchvision_peer import HOME, Case, ask, measure

pytestmark = pytest.mark.skipif(not HOME.is_dir(), reason=f"torchvision is not in {HOME}")

SHAPES = [(2, 64, 64), (1, 65, 97), (3, 79, 64), (2, 71, 83), (4, 96, 67)]
RESNET_SHAPES = [(2, 32, 32), (3, 29, 33), (2, 47, 31), (1, 64, 65), (4, 28, 28)]


def _cases() -> list[Case]:
    cases = []
    for number, shape in enumerate(SHAPES):
        train, ten = number % 2 == 0, 10 if number == 0 else 0
        if shape[0] == 1:
            train = False  # batch norm over a single value has no variance
        common = {"shape": shape, "train": train, "steps": ten}
        cases += [
            Case(f"alexnet-{number}", "alexnet", {"num_classes": 10}, narrow=8, **common),
            Case(f"vgg-{number}", "vgg11", {"num_classes": 5}, narrow=16, **common),
            Case(f"vgg-bn-{number}", "vgg16_bn", {"num_classes": 7}, narrow=16, **common),
            Case(f"googlenet-{number}", "googlenet", {"num_classes": 10}, narrow=8, **common),
            Case(f"googlenet-transformed-{number}", "googlenet", {"num_classes": 3, "transform_input": True, "aux_logits": False},
                 narrow=8, **(common | {"train": False})),
            Case(f"mobilenet-{number}", "mobilenet_v2", {"num_classes": 10, "width_mult": 0.25}, **common),
            Case(f"mobilenet-wide-{number}", "mobilenet_v2", {"num_classes": 4, "width_mult": 0.6}, **(common | {"steps": 0})),
        ]  # fmt: skip
    # The second settings of a network need fewer shapes.
    cases = [
        case for case in cases if not (case.name.startswith(("vgg-bn", "googlenet-t", "mobilenet-w")) and case.name[-1] in "34")
    ]
    basic, bottleneck = (
        {"blocks": [2, 1, 2, 1], "num_classes": 10},
        {"blocks": [1, 2, 1, 2], "bottleneck": True, "num_classes": 6},
    )
    for number, shape in enumerate(RESNET_SHAPES):
        common = {"narrow": 8, "shape": shape, "train": number % 2 == 0, "steps": 10 if number == 0 else 0}
        cases += [
            Case(f"resnet-basic-{number}", "ResNet", basic, **common),
            Case(f"resnet-bottleneck-{number}", "ResNet", bottleneck, **common),
            Case(f"resnet-cifar-{number}", "ResNet", basic, stem="cifar", channels=1, **common),
        ]
    cases += [
        Case("single-resnet", "resnet18", {"num_classes": 10}, narrow=4, dtype="float32", shape=(2, 65, 51), train=True),
        Case("single-mobilenet", "mobilenet_v2", {"num_classes": 10, "width_mult": 1.3}, dtype="float32", shape=(2, 65, 51)),
    ]
    return cases


CASES = _cases()
FULL: dict[str, Callable[[], nn.Module]] = {
    "alexnet": AlexNet,
    **{f"vgg{depth}": lambda depth=depth: VGG(VGGConfig(STAGES[depth])) for depth in STAGES},
    **{f"vgg{depth}_bn": lambda depth=depth: VGG(VGGConfig(STAGES[depth], batch_norm=True)) for depth in STAGES},
    "googlenet": lambda: GoogLeNet(GoogLeNetConfig(large_kernel=3, last_pooling=2)),
    "mobilenet_v2": MobileNetV2,
    "resnet18": resnet18,
    "resnet34": resnet34,
    "resnet50": resnet50,
}


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return ask(CASES, [*FULL], tmp_path_factory.mktemp("torchvision"))


def _ours(case: Case) -> nn.Module:
    """Our network of the case's shape."""
    classes, settings = case.settings["num_classes"], case.settings
    if case.builder == "alexnet":
        return AlexNet(AlexNetConfig(classes, width=64 // case.narrow, hidden=4096 // case.narrow))
    if case.builder.startswith("vgg"):
        stages = tuple(tuple(width // case.narrow for width in stage) for stage in STAGES[int(case.builder[3:5])])
        return VGG(VGGConfig(stages, classes, batch_norm=case.builder.endswith("_bn"), hidden=4096 // case.narrow))
    if case.builder == "googlenet":
        return GoogLeNet(
            GoogLeNetConfig(
                classes, width=1 / case.narrow, large_kernel=3, last_pooling=2, dropout=0.2,
                auxiliary=settings.get("aux_logits", True), transform_input=settings.get("transform_input", False),
            )
        )  # fmt: skip
    if case.builder == "mobilenet_v2":
        return MobileNetV2(MobileNetV2Config(classes, width=settings.get("width_mult", 1.0)))
    blocks, bottleneck = tuple(settings.get("blocks", (2, 2, 2, 2))), settings.get("bottleneck", False)
    return ResNet(ResNetConfig(blocks, bottleneck, classes, case.channels, stem=case.stem, width=64 // case.narrow))  # type: ignore[arg-type]


def _compat(builder: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    if builder == "mobilenet_v2":
        return mobilenet_compat.from_peer, mobilenet_compat.to_peer
    if builder.lower().startswith("resnet"):
        return resnet_compat.from_peer, resnet_compat.to_peer
    return dict, dict  # the names are torchvision's


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_network_gives_torchvisions_values_and_gradients(case: Case, peer: Any) -> None:
    expected: dict[str, Tensor] = peer[0][case.name]
    from_peer, _ = _compat(case.builder)
    state = {name.removeprefix("state/"): value for name, value in expected.items() if name.startswith("state/")}
    model = _ours(case).to(expected["images"].dtype)
    model.load_state_dict(from_peer(state))
    names = dict(zip(from_peer(state), state, strict=True))

    actual = {}
    for key, value in measure(model, case, expected["images"]).items():
        kind, _, name = key.partition("/")
        actual[f"{kind}/{names[name]}" if kind in ("grad", "buffer") else key] = value

    assert actual.keys() == {name for name in expected if not name.startswith("state/")} - {"images"}
    double = case.dtype == "float64"
    for name, value in actual.items():
        is_gradient = "grad" in name
        scale = max(float(expected[name].abs().max()), 1.0) if value.numel() else 1.0
        tolerance = 1e-10 if double else 1e-4 if is_gradient else 1e-5
        assert expected[name].isfinite().all(), name
        message = f"{name} ({case.dtype}, scale {scale:.2g})"
        assert (value - expected[name]).abs().le(tolerance * scale).all(), message


@pytest.mark.parametrize("name", FULL)
def test_full_network_has_torchvisions_weights(name: str, peer: Any) -> None:
    with torch.device("meta"):
        state = _compat(name)[1](FULL[name]().state_dict())
    assert {key: list(value.shape) for key, value in state.items()} == peer[1][name]


@pytest.mark.parametrize("builder", ["resnet18", "mobilenet_v2"])
def test_to_peer_undoes_from_peer(builder: str, peer: Any) -> None:
    from_peer, to_peer = _compat(builder)
    state = {name: torch.empty(shape, device="meta") for name, shape in peer[1][builder].items()}
    back = to_peer(from_peer(state))
    assert [*back] == [*state]
    assert all(back[name] is state[name] for name in state)
