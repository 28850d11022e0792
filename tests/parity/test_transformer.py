"""The Transformer against `torch.nn.Transformer`, weights copied."""

import pytest
import torch
from torch import nn

from practicum.models.compat.transformer import from_peer, to_peer
from practicum.models.transformer import Transformer, TransformerConfig, positions

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor")
SHAPES = [(1, 1, 1), (2, 5, 3), (3, 4, 7), (1, 9, 2), (4, 6, 6), (2, 1, 8)]  # B, S, T
WIDTH, HEADS, HIDDEN = 16, 4, 24


def pair(norm_first, dtype=torch.float64, layers=(2, 3)):
    torch.manual_seed(7)
    theirs = nn.Transformer(
        WIDTH, HEADS, *layers, dim_feedforward=HIDDEN, dropout=0.0, batch_first=True, norm_first=norm_first, dtype=dtype
    )
    for weight in theirs.parameters():
        nn.init.normal_(weight, std=0.3)  # also biases and norms, which start at zeros and ones
    config = TransformerConfig(
        11, 13, width=WIDTH, num_heads=HEADS, hidden=HIDDEN, encoder_layers=layers[0], decoder_layers=layers[1], dropout=0.0,
        norm_first=norm_first, max_length=20,
    )  # fmt: skip
    ours = Transformer(config).to(dtype)
    missing, unexpected = ours.load_state_dict(from_peer(theirs.state_dict()), strict=False)
    assert missing == ["source_embedding.weight", "target_embedding.weight"]
    assert not unexpected
    return ours, theirs


def inputs(B, S, T, dtype=torch.float64):
    torch.manual_seed(B * 100 + S * 10 + T)
    x, y = torch.randn(B, S, WIDTH, dtype=dtype), torch.randn(B, T, WIDTH, dtype=dtype)
    padding = torch.arange(S) >= torch.randint(1, S + 1, (B, 1))
    return x.requires_grad_(), y.requires_grad_(), padding


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("padded", [False, True])
def test_values_and_gradients(shape, norm_first, mode, padded):
    ours, theirs = (getattr(model, mode)() for model in pair(norm_first))
    x, y, padding = inputs(*shape)
    triangle = nn.Transformer.generate_square_subsequent_mask(shape[2], dtype=torch.float64)
    masks = {"src_key_padding_mask": padding, "memory_key_padding_mask": padding} if padded else {}
    expected = theirs(x, y, tgt_mask=triangle, tgt_is_causal=True, **masks)
    got = ours.decoder(y, ours.encoder(x, padding if padded else None), padding if padded else None)
    torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-10)
    direction = torch.randn_like(expected)
    names = [name for name, _ in theirs.named_parameters()]
    expected_gradients = torch.autograd.grad(expected, [x, y, *theirs.parameters()], direction)
    own = dict(ours.named_parameters())
    renamed = from_peer(dict(zip(names, names, strict=True)))  # our name → theirs
    got_gradients = torch.autograd.grad(got, [x, y, *(own[name] for name in renamed)], direction)
    for a, b in zip(got_gradients, expected_gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("norm_first", [False, True])
def test_ten_steps_of_training(norm_first):
    ours, theirs = pair(norm_first, torch.float32, layers=(1, 1))
    x, y, padding = inputs(3, 5, 4, torch.float32)
    goal = torch.randn(3, 4, WIDTH)
    triangle = nn.Transformer.generate_square_subsequent_mask(4)
    masks = {"src_key_padding_mask": padding, "memory_key_padding_mask": padding}
    curves = []
    for model, run in (
        (ours, lambda: ours.decoder(y, ours.encoder(x, padding), padding)),
        (theirs, lambda: theirs(x, y, tgt_mask=triangle, **masks)),
    ):
        optimizer, curve = torch.optim.SGD(model.parameters(), lr=0.05), []
        for _ in range(10):
            loss = (run() - goal).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            curve.append(loss.item())
        curves.append(curve)
    torch.testing.assert_close(*map(torch.tensor, curves), rtol=1e-4, atol=1e-4)
    assert curves[0][-1] < curves[0][0]


@pytest.mark.parametrize("norm_first", [False, True])
def test_weights_go_there_and_back(norm_first):
    ours, theirs = pair(norm_first)
    state = to_peer(ours.state_dict())
    assert state.keys() == theirs.state_dict().keys()
    for name, value in theirs.state_dict().items():
        assert torch.equal(state[name], value)
    with pytest.raises(ValueError, match=r"expected a weight of an encoder or decoder layer, got encoder\.layers\.0\.gate"):
        from_peer({"encoder.layers.0.gate": torch.zeros(1)})


def test_positions():
    table = positions(6, 8)
    assert table.shape == (6, 8)
    for t in range(6):
        for i in range(4):
            angle = torch.tensor(t / 10000 ** (2 * i / 8))
            torch.testing.assert_close(table[t, 2 * i : 2 * i + 2], torch.stack([angle.sin(), angle.cos()]))


def test_bf16_runs_and_stays_near():
    torch.manual_seed(0)
    config = TransformerConfig(11, 13, width=16, num_heads=4, hidden=24, encoder_layers=2, decoder_layers=2, dropout=0.0)
    model = Transformer(config)
    source, target = torch.randint(1, 11, (3, 5)), torch.randint(1, 13, (3, 4))
    expected = model(source, target)
    torch.testing.assert_close(model.bfloat16()(source, target).float(), expected, rtol=0.1, atol=0.1)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="even width"):
        Transformer(TransformerConfig(5, 5, width=9, num_heads=3))
    model = Transformer(TransformerConfig(5, 5, width=8, num_heads=2, hidden=8, encoder_layers=1, decoder_layers=1, max_length=4))
    with pytest.raises(ValueError, match=r"length up to 4\), got \(1, 5\)"):
        model(torch.ones(1, 5, dtype=torch.long), torch.ones(1, 2, dtype=torch.long))
    with pytest.raises(ValueError, match=r"got \(3, 2\) and \(2, 4\)"):
        model(torch.ones(2, 4, dtype=torch.long), torch.ones(3, 2, dtype=torch.long))
