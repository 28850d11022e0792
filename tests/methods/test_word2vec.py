"""Negative sampling against the equations written out, word by word."""

import math

import pytest
import torch

from practicum.methods.word2vec import NegativeSampling
from practicum.models.word2vec import Word2Vec

SHAPES = [(1, 1, 1), (2, 4, 3), (5, 2, 5), (3, 6, 2), (4, 3, 7)]  # B, W, K


def setting(B, W, K, cbow, sparse=False):
    torch.manual_seed(B * 100 + W * 10 + K)
    model = Word2Vec(9, 4, cbow=cbow, sparse=sparse).double()
    torch.nn.init.normal_(model.input.weight)
    torch.nn.init.normal_(model.output.weight)
    middle, context, negative = torch.randint(1, 9, (B,)), torch.randint(1, 9, (B, W)), torch.randint(1, 9, (B, K))
    context[0, 1:] = 0
    if B > 2:
        context[1] = 0  # a window without any context
        negative[2, 0] = middle[2]  # a negative that is the right answer
    return model, NegativeSampling(torch.ones(9), negatives=K), middle, context, negative


def by_hand(model, middle, context, negative):
    """Eq. 4 of Mikolov et al. 2013, one pair at a time."""
    v, u = model.input.weight, model.output.weight
    terms = []
    for b in range(len(middle)):
        words = [c for c in context[b].tolist() if c]
        hidden = ([torch.stack([v[c] for c in words]).mean(0)] if words else []) if model.cbow else [v[c] for c in words]
        for h in hidden:
            loss = -torch.log(torch.sigmoid(h @ u[middle[b]]))
            for n in negative[b].tolist():
                if n != middle[b]:
                    loss = loss - torch.log(torch.sigmoid(-(h @ u[n])))
            terms.append(loss)
    return torch.stack(terms).mean()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cbow", [False, True])
def test_loss_and_gradients(shape, cbow):
    model, method, *batch = setting(*shape, cbow)
    loss, expected = method.loss_with(model, *batch), by_hand(model, *batch)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-10)
    weights = list(model.parameters())
    for a, b in zip(torch.autograd.grad(loss, weights), torch.autograd.grad(expected, weights), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("cbow", [False, True])
def test_sparse_gradients_are_the_dense_ones(cbow):
    dense, method, *batch = setting(3, 4, 2, cbow)
    sparse, *_ = setting(3, 4, 2, cbow, sparse=True)
    for model in (dense, sparse):
        method.loss_with(model, *batch).backward()
    for a, b in zip(sparse.parameters(), dense.parameters(), strict=True):
        assert a.grad.is_sparse
        torch.testing.assert_close(a.grad.to_dense(), b.grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("sparse", [False, True])
def test_ten_steps_of_adagrad(sparse):
    """Dense and sparse gradients lead the same way: AdaGrad leaves rows without a gradient alone."""
    curves = []
    for kind in (sparse, False):
        model, method, *batch = setting(4, 3, 3, False, sparse=kind)
        optimizer, curve = torch.optim.Adagrad(model.parameters(), lr=0.1), []
        for _ in range(10):
            optimizer.zero_grad()
            loss = method.loss_with(model, *batch)
            loss.backward()
            optimizer.step()
            curve.append(loss.item())
        curves.append(curve)
    assert curves[0] == pytest.approx(curves[1], abs=1e-10)
    assert curves[0][-1] < curves[0][0] - 0.1


@pytest.mark.parametrize("power", [0.75, 1.0, 0.0])
def test_negatives_follow_the_unigram_table(power):
    counts = torch.tensor([0, 0, 100, 40, 10, 1])
    method = NegativeSampling(counts, negatives=50, power=power)
    torch.manual_seed(0)
    drawn = torch.bincount(method.draw(2000).flatten(), minlength=6) / 100_000
    weights = torch.tensor([0.0 if c == 0 else c**power for c in counts.tolist()])
    expected = weights / weights.sum()
    assert (drawn[:2] == 0).all()
    assert ((drawn - expected).abs() < 5 * (expected * (1 - expected) / 100_000).sqrt() + 1e-9).all()


def test_batches_of_one_kind_of_context():
    """Without any context there is nothing to learn: the loss is 0, and so is the gradient."""
    model, method, middle, context, negative = setting(2, 3, 2, False)
    loss = method.loss_with(model, middle, torch.zeros_like(context), negative)
    loss.backward()
    assert loss.item() == 0
    assert all((weight.grad == 0).all() for weight in model.parameters())


def test_first_loss_is_known():
    """Output vectors begin at 0: every score is 0, and every one of 1 + K terms is log 2."""
    model = Word2Vec(8, 4)
    method = NegativeSampling(torch.tensor([0, 0, 0, 0, 9, 0, 0, 0]), negatives=5)
    loss = method.loss(model, (torch.tensor([5, 6]), torch.tensor([[4, 7], [5, 0]])))
    assert loss.item() == pytest.approx(6 * math.log(2))


def test_bf16_stays_near():
    model, method, *batch = setting(5, 4, 3, False)
    expected = method.loss_with(model, *batch).item()
    assert method.loss_with(model.bfloat16(), *batch).item() == pytest.approx(expected, rel=0.05)


def test_evaluate_ranks_pairs():
    model, method, *_ = setting(1, 1, 1, False)
    a, b = torch.tensor([1, 2, 3, 4]), torch.tensor([5, 6, 7, 8])
    cosines = torch.nn.functional.cosine_similarity(model.vectors()[a], model.vectors()[b])
    assert method.evaluate(model, [(a[:2], b[:2], cosines[:2].exp()), (a[2:], b[2:], cosines[2:].exp())])[
        "spearman"
    ] == pytest.approx(1)
    assert method.evaluate(model, [(a, b, -cosines)])["spearman"] == pytest.approx(-1)


def test_wrong_shapes():
    with pytest.raises(ValueError, match=r"got \(2, 3\) and \(1, 2\)"):
        Word2Vec(5, 2)(torch.ones(2, 3, dtype=torch.long), torch.ones(1, 2, dtype=torch.long))
