"""The examples in the docstrings run, and those who must have one do."""

import doctest
import importlib
import inspect

import pytest

CLASSIC = ("kernel_pca", "linear", "neuron", "pca", "perceptron")
CENTRAL = {
    "mlp": "MLP", "lenet": "LeNet5", "resnet": "ResNet", "vgg": "VGG", "unet": "UNet", "rnn": "Recurrent",
    "transformer": "Transformer", "gpt": "GPT", "bert": "BERT", "vit": "ViT", "llama": "Llama", "gcn": "GCN",
}  # fmt: skip


@pytest.mark.parametrize("name", [f"classic.{n}" for n in CLASSIC] + [f"models.{n}" for n in CENTRAL])
def test_examples_run(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(f"practicum.{name}"))
    assert failed == 0
    assert tried > 0


def test_every_estimator_and_central_model_has_an_example() -> None:
    modules = [importlib.import_module(f"practicum.classic.{name}") for name in CLASSIC]
    classes = [c for m in modules for c in vars(m).values() if inspect.isclass(c) and c.__module__ == m.__name__]
    classes += [getattr(importlib.import_module(f"practicum.models.{name}"), model) for name, model in CENTRAL.items()]
    assert [c.__name__ for c in classes if ">>> " not in (c.__doc__ or "")] == []
