"""BERT against `transformers.BertModel`, `BertForMaskedLM` and `BertForSequenceClassification`."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from practicum.models.bert import BERT, BERTClassifier, BERTConfig, BERTForMaskedLM
from practicum.models.compat import bert as compat

CASES = {
    "small": BERTConfig(31, 12, 24, 3, 4, dropout=0.0),
    "odd": BERTConfig(17, 9, 10, 2, 5, hidden=33, token_types=3, dropout=0.0),
    "one head": BERTConfig(11, 12, 6, 1, 1, dropout=0.0),
}
SIZES = [(1, 1), (2, 3), (3, 9), (1, 7), (5, 4)]


def twins(config, kind, dtype=torch.float64, seed=0):
    import transformers

    torch.manual_seed(seed)
    settings = transformers.BertConfig(
        vocab_size=config.vocab_size,
        max_position_embeddings=config.context,
        hidden_size=config.width,
        num_hidden_layers=config.num_layers,
        num_attention_heads=config.num_heads,
        intermediate_size=config.hidden or 4 * config.width,
        type_vocab_size=config.token_types,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_labels=4,
    )
    theirs = getattr(transformers, kind)(settings)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.3)
    ours = BERTForMaskedLM(config) if kind == "BertForMaskedLM" else BERTClassifier(config, 4)
    state = compat.from_peer(theirs.state_dict())
    ours.load_state_dict(ours.state_dict() | state if kind == "BertModel" else state)
    return ours.to(dtype).eval(), theirs.to(dtype).eval()


def batch(config, rows, length, padded=True):
    random = torch.Generator().manual_seed(rows * length)
    tokens = torch.randint(1, config.vocab_size, (rows, length), generator=random)
    types = torch.randint(config.token_types, (rows, length), generator=random)
    lengths = torch.randint(1, length + 1, (rows, 1), generator=random) if padded else torch.full((rows, 1), length)
    return tokens, torch.arange(length) >= lengths, types


def close(a, b, tolerance=1e-10, name=None):
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance, msg=name)


def same_gradients(ours, theirs, a, b):
    probe = torch.randn_like(a)
    a.backward(probe)
    b.backward(probe)
    found = {name: p.grad for name, p in theirs.named_parameters() if p.grad is not None}
    gradients = compat.from_peer(found)
    mine = {name: p.grad for name, p in ours.named_parameters() if p.grad is not None}
    assert mine.keys() == gradients.keys()
    for name in mine:
        close(mine[name], gradients[name], name=name)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", SIZES)
def test_encoder_and_pooler(case, size):
    ours, theirs = twins(CASES[case], "BertModel")
    tokens, padding, types = batch(CASES[case], *size)
    expected = theirs(tokens, attention_mask=(~padding).long(), token_type_ids=types)
    real = ~padding
    close(ours.encoder(tokens, padding, types)[real], expected.last_hidden_state[real])
    pooled = ours.pooled(tokens, padding, types)
    close(pooled, expected.pooler_output)
    same_gradients(ours, theirs, pooled, expected.pooler_output)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", SIZES)
def test_the_first_token_alone_equals_all(case, size):
    ours, _ = twins(CASES[case], "BertModel")
    tokens, padding, types = batch(CASES[case], *size)
    alone, of_all = ours.encoder.first(tokens, padding, types), ours.encoder(tokens, padding, types)[:, 0]
    close(alone, of_all)
    wanted, probe = [*ours.encoder.parameters()], torch.randn_like(alone)
    for a, b in zip(*(torch.autograd.grad(out, wanted, probe) for out in (alone, of_all)), strict=True):
        close(a, b)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", SIZES)
def test_masked_lm(case, size):
    ours, theirs = twins(CASES[case], "BertForMaskedLM")
    tokens, padding, types = batch(CASES[case], *size)
    real = ~padding
    expected = theirs(tokens, attention_mask=real.long(), token_type_ids=types).logits
    close(ours(tokens, padding, types)[real], expected[real])
    asked = real & (torch.rand(real.shape) < 0.5)
    asked[0, 0] = True
    logits = ours(tokens, padding, types, asked)
    close(logits, expected[asked])
    labels = torch.where(asked, tokens, -100)
    loss = theirs(tokens, attention_mask=real.long(), token_type_ids=types, labels=labels).loss
    close(F.cross_entropy(logits, tokens[asked]), loss.double(), 1e-6)
    same_gradients(ours, theirs, logits, expected[asked])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", SIZES)
def test_classifier(case, size):
    ours, theirs = twins(CASES[case], "BertForSequenceClassification")
    tokens, padding, types = batch(CASES[case], *size)
    logits = ours(tokens, padding, types)
    expected = theirs(tokens, attention_mask=(~padding).long(), token_type_ids=types).logits
    close(logits, expected)
    same_gradients(ours, theirs, logits, expected)


def test_padding_is_the_pad_token_and_changes_nothing():
    ours, theirs = twins(CASES["small"], "BertForSequenceClassification")
    tokens, padding, _ = batch(CASES["small"], 4, 9)
    padded = tokens.masked_fill(padding, 0)
    close(ours(padded), ours(tokens, padding))
    close(ours(padded), theirs(padded, attention_mask=(padded != 0).long()).logits)
    longer = torch.cat([padded, torch.zeros(4, 3, dtype=torch.long)], 1)
    close(ours(longer), ours(padded))


def test_a_row_of_padding_alone_is_finite():
    ours, _ = twins(CASES["small"], "BertModel")
    tokens = torch.zeros(2, 5, dtype=torch.long)
    tokens[0, :3] = 7
    pooled = ours.pooled(tokens)
    pooled.sum().backward()
    assert torch.isfinite(pooled).all()
    assert all(torch.isfinite(p.grad).all() for p in ours.parameters() if p.grad is not None)


def test_ten_steps_in_single_precision():
    ours, theirs = twins(CASES["small"], "BertForSequenceClassification", torch.float32)
    ours.train()
    theirs.train()
    tokens, padding, types = batch(CASES["small"], 6, 9)
    y = torch.arange(6) % 4
    mask = (~padding).long()
    close(ours(tokens, padding, types), theirs(tokens, attention_mask=mask, token_type_ids=types).logits, 1e-5)
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9) for model in (ours, theirs)]
    for _ in range(10):
        logits = (ours(tokens, padding, types), theirs(tokens, attention_mask=mask, token_type_ids=types).logits)
        losses = [F.cross_entropy(one, y) for one in logits]
        close(*losses, 1e-4)
        for loss, optimizer in zip(losses, optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@pytest.mark.parametrize("kind", ["BertForMaskedLM", "BertForSequenceClassification"])
@pytest.mark.parametrize("case", CASES)
def test_weights_there_and_back(kind, case):
    ours, theirs = twins(CASES[case], kind)
    state = theirs.state_dict()
    back = compat.to_peer(ours.state_dict())
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], state[key]) for key in state)


def test_names_of_old_files_and_of_other_models():
    _, theirs = twins(CASES["small"], "BertModel")
    state = theirs.state_dict()
    old = {
        re.sub(r"LayerNorm\.weight", "LayerNorm.gamma", key).replace("LayerNorm.bias", "LayerNorm.beta"): state[key]
        for key in state
    }
    old |= {"embeddings.position_ids": torch.arange(12)[None], "cls.seq_relationship.weight": torch.zeros(2, 24)}
    ours, again = compat.from_peer(state), compat.from_peer(old)
    assert ours.keys() == again.keys()
    with pytest.raises(ValueError, match=re.escape("got 'encoder.layer.0.crossattention.weight'")):
        compat.from_peer(state | {"encoder.layer.0.crossattention.weight": torch.zeros(1)})


def test_weights_start_as_the_papers():
    """N(0, 0.02) cut off at two standard deviations, which leaves 0.8796 of the spread; biases at 0, norms at one."""
    torch.manual_seed(0)
    sizes = BERTConfig(600, 200, 64, 2, 4)
    for model in (BERTForMaskedLM(sizes), BERTClassifier(sizes, 50)):
        for name, parameter in model.named_parameters():
            weight = parameter.detach()
            if weight.ndim == 2:
                noise = 0.0176 / (2 * weight.numel()) ** 0.5  # the standard error of a standard deviation
                assert float(weight.std()) == pytest.approx(0.02 * 0.8796, abs=5 * noise), name
                assert 0.035 < float(weight.abs().max()) <= 0.04 or weight.numel() < 1000, name
            elif "norm" in name and name.endswith("weight"):
                assert (weight == 1).all(), name
            else:
                assert not weight.any(), name


def test_bfloat16_stays_near():
    ours, _ = twins(CASES["small"], "BertForSequenceClassification", torch.float32)
    tokens, padding, types = batch(CASES["small"], 3, 9)
    exact = ours(tokens, padding, types)
    assert float((ours.bfloat16()(tokens, padding, types).float() - exact).abs().max() / exact.abs().max()) < 0.05


def test_published_size():
    with torch.device("meta"):
        model = BERTClassifier(BERTConfig(), 2)
    assert sum(p.numel() for p in model.encoder.parameters()) + sum(p.numel() for p in model.pooler.parameters()) == 109_482_240


def test_too_many_tokens_are_refused():
    with pytest.raises(ValueError, match=r"\(batch, at most 12\), got \(1, 13\)"):
        BERT(CASES["small"])(torch.ones(1, 13, dtype=torch.long))
