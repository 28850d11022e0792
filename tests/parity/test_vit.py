"""ViT against `transformers.ViTModel` and `ViTForImageClassification`."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from practicum.models.compat import vit as compat
from practicum.models.layers.attention import attention_maps
from practicum.models.vit import ViT, ViTConfig, attention_rollout

CASES = {
    "grey": ViTConfig(image_size=12, patch_size=4, channels=1, num_classes=5, width=12, num_layers=2, num_heads=3),
    "colour": ViTConfig(16, 8, 3, 7, 20, 3, 4, hidden=33, eps=1e-6),
    "one patch": ViTConfig(6, 6, 2, 3, 8, 1, 1),
}


def twins(config, dtype=torch.float64, seed=0):
    from transformers import ViTConfig as PeerConfig
    from transformers import ViTForImageClassification

    torch.manual_seed(seed)
    theirs = ViTForImageClassification(
        PeerConfig(
            image_size=config.image_size,
            patch_size=config.patch_size,
            num_channels=config.channels,
            num_labels=config.num_classes,
            hidden_size=config.width,
            num_hidden_layers=config.num_layers,
            num_attention_heads=config.num_heads,
            intermediate_size=config.hidden or 4 * config.width,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            layer_norm_eps=config.eps,
            attn_implementation="sdpa",
        )
    )
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.3)
    ours = ViT(config)
    ours.load_state_dict(compat.from_peer(theirs.state_dict()))
    return ours.to(dtype).eval(), theirs.to(dtype).eval()


def images(config, batch, dtype=torch.float64):
    shape = (batch, config.channels, config.image_size, config.image_size)
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(batch), requires_grad=True)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("batch", [1, 2, 3, 5, 8])
def test_logits_features_and_gradients(case, batch):
    ours, theirs = twins(CASES[case])
    x = images(CASES[case], batch)
    logits, expected = ours(x), theirs(x).logits
    torch.testing.assert_close(logits, expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(ours.features(x), theirs.vit(x).last_hidden_state, rtol=1e-10, atol=1e-10)
    probe = torch.randn_like(logits)
    torch.testing.assert_close(
        *(torch.autograd.grad(out, x, probe, retain_graph=True)[0] for out in (logits, expected)), rtol=1e-10, atol=1e-10
    )
    logits.backward(probe)
    expected.backward(probe)
    gradients = compat.from_peer({name: p.grad for name, p in theirs.named_parameters()})
    assert gradients.keys() == dict(ours.named_parameters()).keys()
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name], rtol=1e-10, atol=1e-10, msg=name)


@pytest.mark.parametrize("case", CASES)
def test_ten_steps_in_single_precision(case):
    ours, theirs = twins(CASES[case], torch.float32)
    ours.train()
    theirs.train()
    x, y = images(CASES[case], 6, torch.float32).detach(), torch.arange(6) % CASES[case].num_classes
    torch.testing.assert_close(ours(x), theirs(x).logits, rtol=1e-5, atol=1e-5)
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9) for model in (ours, theirs)]
    for _ in range(10):
        losses = [F.cross_entropy(logits, y) for logits in (ours(x), theirs(x).logits)]
        torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-4)
        for loss, optimizer in zip(losses, optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@pytest.mark.parametrize("case", CASES)
def test_weights_there_and_back(case):
    ours, theirs = twins(CASES[case])
    state, mine = theirs.state_dict(), ours.state_dict()
    back = compat.to_peer(mine)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], state[key]) for key in state)
    hub = compat.to_peer(mine, hub=True)
    assert "vit.encoder.layer.0.attention.attention.query.weight" in hub
    assert len(hub) == len(state)
    again = compat.from_peer(hub)
    assert all(torch.equal(again[key], mine[key]) for key in mine)
    assert again.keys() == mine.keys()
    bare = compat.from_peer({f"{key.removeprefix('vit.')}": value for key, value in hub.items() if "classifier" not in key})
    assert mine.keys() - bare.keys() == {"head.weight", "head.bias"}
    with pytest.raises(ValueError, match=re.escape("got 'vit.layers.0.mlp.fc3.weight'")):
        compat.from_peer(state | {"vit.layers.0.mlp.fc3.weight": torch.zeros(1)})


def test_the_hubs_names_are_those_that_transformers_reads(tmp_path):
    from safetensors.torch import save_file
    from transformers import ViTForImageClassification

    ours, theirs = twins(CASES["grey"], torch.float32)
    theirs.config.save_pretrained(tmp_path)
    save_file(compat.to_peer(ours.state_dict(), hub=True), tmp_path / "model.safetensors", {"format": "pt"})
    loaded = ViTForImageClassification.from_pretrained(tmp_path).eval()
    x = images(CASES["grey"], 2, torch.float32)
    torch.testing.assert_close(loaded(x).logits, theirs(x).logits, rtol=1e-6, atol=1e-6)


def test_attention_maps_equal_the_peers():
    ours, theirs = twins(CASES["colour"])
    theirs.set_attn_implementation("eager")
    x = images(CASES["colour"], 2)
    maps = [*attention_maps(ours, x).values()]
    assert [layer.shape[2] for layer in maps] == [5, 5, 1]  # of the last layer the class token's row alone
    for a, b in zip(maps, theirs(x, output_attentions=True).attentions, strict=True):
        torch.testing.assert_close(a, b[:, :, : a.shape[2]], rtol=1e-5, atol=1e-5)  # theirs: a softmax in single precision
    rollout = attention_rollout(maps)
    eye = torch.eye(5, dtype=torch.float64)
    for row in range(2):
        product = eye
        for layer in maps:
            product = (0.5 * layer[row].mean(0) + 0.5 * eye[: layer.shape[2]]) @ product
        torch.testing.assert_close(rollout[row], product[0, 1:] / product[0, 1:].sum())


def test_bfloat16_stays_near():
    ours, _ = twins(CASES["grey"], torch.float32)
    x = images(CASES["grey"], 2, torch.float32)
    exact = ours(x)
    assert float((ours.bfloat16()(x.bfloat16()).float() - exact).abs().max() / exact.abs().max()) < 0.05


def test_published_size():
    with torch.device("meta"):
        assert sum(p.numel() for p in ViT(ViTConfig()).parameters()) == 86_567_656  # ViT-B/16 with 1,000 classes


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="patches of 5 divide, got a side of 12"):
        ViT(ViTConfig(image_size=12, patch_size=5))
    with pytest.raises(ValueError, match=r"\(batch, 1, 12, 12\), got \(2, 3, 12, 12\)"):
        ViT(CASES["grey"])(torch.zeros(2, 3, 12, 12))


def test_weights_start_small_biases_at_zero_and_norms_as_they_are():
    torch.manual_seed(0)
    for name, parameter in ViT(ViTConfig(16, 4, 3, 30, 48, 2, 4)).named_parameters():
        weight = parameter.detach()
        if name.endswith("bias"):
            assert not weight.any(), name
        elif "norm" in name:
            assert (weight == 1).all(), name
        elif weight.numel() > 500:
            error = 1 / (2 * weight.numel()) ** 0.5  # the relative standard error of a standard deviation
            # 0.02, or 0.88 of it where the tails are cut at two deviations
            assert 0.0176 * (1 - 3 * error) < float(weight.std()) < 0.02 * (1 + 3 * error), name
            assert float(weight.abs().max()) < 0.1, name
