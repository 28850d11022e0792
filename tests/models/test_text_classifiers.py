"""The text classifiers: padding never matters, every word does, and the equations by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.models.textcnn import TextCNN
from practicum.models.textrnn import TextRNN

WORDS, CLASSES = 12, 5
every_model = pytest.mark.parametrize("name", ["cnn", "cnn, even spans", "rnn"])


def make(name):
    torch.manual_seed(2)
    vectors = torch.randn(WORDS, 6)
    if name == "rnn":
        return TextRNN(vectors, CLASSES, hidden=8).double().eval()
    return TextCNN(vectors, CLASSES, maps=4, spans=(2, 4) if "even" in name else (1, 3, 5)).double().eval()


@every_model
@settings(max_examples=12, deadline=None)
@given(lengths=st.lists(st.integers(1, 7), min_size=1, max_size=5), extra=st.integers(0, 4), seed=st.integers(0, 99))
def test_padding_changes_nothing(name, lengths, extra, seed):
    model = make(name)
    torch.manual_seed(seed)
    rows = [torch.randint(1, WORDS, (n,)) for n in lengths]
    padded = torch.zeros(len(rows), max(lengths) + extra, dtype=torch.long)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    together = model(padded)
    assert together.shape == (len(rows), CLASSES)
    for logits, row in zip(together, rows, strict=True):
        torch.testing.assert_close(logits, model(row[None])[0], rtol=1e-10, atol=1e-10)


@every_model
def test_order_and_words_matter(name):
    model = make(name)
    one = model(torch.tensor([[1, 2, 3, 4, 5]]))
    assert (one - model(torch.tensor([[5, 4, 3, 2, 1]]))).abs().max() > 1e-4
    assert (one - model(torch.tensor([[1, 2, 3, 4, 6]]))).abs().max() > 1e-4


@pytest.mark.parametrize(("B", "T"), [(1, 1), (2, 3), (3, 7), (1, 9), (4, 2)])
@pytest.mark.parametrize("name", ["cnn", "cnn, even spans"])
def test_convolution_by_hand(name, B, T):
    """Eq. 2 and 4 of Kim 2014, one window at a time."""
    model = make(name)
    words = torch.randint(1, WORDS, (B, T))
    for row in range(B):
        features = []
        for convolution in model.convolutions:
            span = convolution.kernel_size[0]
            x = model.embedding(words[row])
            x = torch.cat([x.new_zeros(span // 2, 6), x, x.new_zeros(span, 6)])
            windows = torch.stack([x[t : t + span].T for t in range(T)])  # (T, D, span)
            features.append((torch.einsum("tds,mds->tm", windows, convolution.weight) + convolution.bias).relu().amax(0))
        torch.testing.assert_close(model(words)[row], model.head(torch.cat(features)), rtol=1e-10, atol=1e-10)


def test_rnn_is_the_maximum_of_both_directions():
    model = make("rnn")
    words = torch.tensor([[3, 1, 4, 2]])
    states, _ = model.rnn(model.embedding(words))
    torch.testing.assert_close(model(words), model.head(states.amax(1)), rtol=1e-10, atol=1e-10)


@every_model
def test_vectors_are_copied_and_trained(name):
    torch.manual_seed(0)
    vectors = torch.randn(WORDS, 6)
    kept = vectors.clone()
    model = TextRNN(vectors, 2, hidden=4) if name == "rnn" else TextCNN(vectors, 2)
    assert torch.equal(model.embedding.weight[1:], vectors[1:])
    assert (model.embedding.weight[0] == 0).all()
    model(torch.tensor([[1, 2, 0]])).sum().backward()
    gradient = model.embedding.weight.grad
    assert (gradient[[0, 3]] == 0).all()
    assert gradient[1].abs().sum() > 0
    assert torch.equal(vectors, kept)


@every_model
def test_bf16_runs_and_stays_near(name):
    model = make(name).float()
    words = torch.tensor([[1, 2, 3], [4, 5, 0]])
    expected = model(words)
    with torch.autocast("cpu", torch.bfloat16):
        got = model(words)
    torch.testing.assert_close(got.float(), expected, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("name", ["cnn", "rnn"])
def test_they_learn(name):
    """Which of two words comes first, in sentences of random length."""
    torch.manual_seed(0)
    words = torch.randint(3, WORDS, (64, 6))
    label = torch.arange(64) % 2
    words[:, 1], words[:, 3] = 1 + label, 2 - label
    model = make(name).float().train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(words), label).backward()
        optimizer.step()
    assert (model.eval()(words).argmax(1) == label).float().mean() > 0.95


def test_wrong_arguments():
    with pytest.raises(ValueError, match="even number of hidden units"):
        TextRNN(torch.zeros(3, 2), 2, hidden=5)
    with pytest.raises(ValueError, match=r"got lengths \[1, 0\]"):
        make("rnn")(torch.tensor([[1], [0]]))
    with pytest.raises(ValueError, match=r"got \(2, 0\)"):
        make("cnn")(torch.zeros(2, 0, dtype=torch.long))
