"""Negative sampling against the equations written out, word by word."""

import math

import numpy as np
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


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cbow", [False, True])
def test_scores_at_places_are_the_plain_ones(shape, cbow, sparse):
    model, _, _, context, words = setting(*shape, cbow, sparse)
    (found, real), (expected, counts) = model(context, words), model.plain(context, words)
    assert torch.equal(real, counts)
    torch.testing.assert_close(found, expected * counts, rtol=1e-12, atol=1e-14)
    weights, factor = list(model.parameters()), torch.randn(expected.shape, dtype=torch.float64) * counts
    for a, b in zip(
        torch.autograd.grad((found * factor).sum(), weights), torch.autograd.grad((expected * factor).sum(), weights), strict=True
    ):
        torch.testing.assert_close(a.to_dense(), b.to_dense(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cbow", [False, True])
def test_shared_negatives_are_the_plain_ones(shape, cbow, sparse):
    """With the same negatives in every window, both forms have one loss and one gradient."""
    model, method, middle, context, negative = setting(*shape, cbow, sparse)
    negative_N = torch.cat([negative[-1], middle[:1], middle[:1]])  # one that is a right word, and twice
    plain = NegativeSampling(method.counts, negatives=len(negative_N))
    expected = plain.loss_with(model, middle, context, negative_N.expand(len(middle), -1))
    loss = plain.loss_shared(model, middle, context, negative_N)
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-12)
    weights = list(model.parameters())
    for a, b in zip(torch.autograd.grad(loss, weights), torch.autograd.grad(expected, weights), strict=True):
        torch.testing.assert_close(a.to_dense(), b.to_dense(), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("cbow", [False, True])
def test_shared_negatives_written_out(cbow):
    """In NumPy, pair by pair: each of N shared negatives counts K/N, but for a pair's own middle word."""
    model, method, middle, context, _ = setting(5, 4, 2, cbow)
    negatives = [3, int(middle[0]), 7, 7, 1]
    v, u = (table.weight.detach().numpy() for table in (model.input, model.output))
    loss, grad_v, grad_u, pairs = 0.0, np.zeros_like(v), np.zeros_like(u), 0
    for m, row in zip(middle.tolist(), context.tolist(), strict=True):
        words = [c for c in row if c]
        for together in ([words] if words else []) if cbow else [[c] for c in words]:
            hidden, pairs = v[together].mean(0), pairs + 1
            for word, sign, weight in [(m, 1, 1.0), *((n, -1, method.negatives / 5) for n in negatives if n != m)]:
                wrong = 1 / (1 + np.exp(sign * (hidden @ u[word])))  # σ(-s), of the score s with its sign
                loss -= weight * np.log1p(-wrong)
                grad_u[word] -= weight * sign * wrong * hidden
                for c in together:
                    grad_v[c] -= weight * sign * wrong * u[word] / len(together)
    found = method.loss_shared(model, middle, context, torch.tensor(negatives))
    found.backward()
    assert found.item() == pytest.approx(loss / pairs, rel=1e-12)
    np.testing.assert_allclose(model.input.weight.grad, grad_v / pairs, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(model.output.weight.grad, grad_u / pairs, rtol=1e-10, atol=1e-14)


def test_shared_negatives_are_drawn_once_for_a_batch():
    """`loss` draws N words by the counts, and a batch of any size meets these."""
    model, _, middle, context, _ = setting(5, 4, 3, False)
    method = NegativeSampling(torch.tensor([0, 0, 5, 1, 1, 0, 1, 3, 1]), negatives=3, shared=6)
    torch.manual_seed(4)
    loss = method.loss(model, (middle, context))
    torch.manual_seed(4)
    assert loss.item() == method.loss_shared(model, middle, context, method.draw(6)).item()


@pytest.mark.parametrize("shared", [0, 4])
@pytest.mark.parametrize("cbow", [False, True])
def test_halves_of_a_batch_add_up_to_it(cbow, shared, monkeypatch):
    """Windows have more or fewer pairs: the mean over them is the sums' over the counts', not the mean of two means."""
    model, _, middle, context, negative = setting(5, 4, 3, cbow)
    method = NegativeSampling(torch.ones(9), negatives=3, shared=shared)
    drawn = iter([negative.flatten()[:4]] * 3 if shared else [negative, negative[:2], negative[2:]])
    monkeypatch.setattr(NegativeSampling, "draw", lambda *_: next(drawn))
    loss = method.loss(model, (middle, context))
    parts = [method.sum_and_count(model, (middle[rows], context[rows])) for rows in (slice(2), slice(2, None))]
    assert [int(count) for _, count in parts] == ([1, 3] if cbow else [1, 12])
    torch.testing.assert_close(sum(total for total, _ in parts) / sum(count for _, count in parts), loss, rtol=1e-12, atol=0)


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
    drawn = torch.bincount(method.draw(2000, 50).flatten(), minlength=6) / 100_000
    weights = torch.tensor([0.0 if c == 0 else c**power for c in counts.tolist()])
    expected = weights / weights.sum()
    assert (drawn[:2] == 0).all()
    assert ((drawn - expected).abs() < 5 * (expected * (1 - expected) / 100_000).sqrt() + 1e-9).all()


def test_batches_of_one_kind_of_context():
    """Without any context there is nothing to learn: the loss is 0, and so is the gradient."""
    model, method, middle, context, negative = setting(2, 3, 2, False)
    nothing = torch.zeros_like(context)
    for loss in (method.loss_with(model, middle, nothing, negative), method.loss_shared(model, middle, nothing, negative[0])):
        model.zero_grad()
        loss.backward()
        assert loss.item() == 0
        assert all((weight.grad == 0).all() for weight in model.parameters())


@pytest.mark.parametrize("cbow", [False, True])
def test_a_compiler_gets_one_graph_of_the_plain_scores(cbow):
    model, method, *batch = setting(5, 4, 3, cbow)
    expected = method.loss_with(model, *batch)
    gradients = torch.autograd.grad(expected, [*model.parameters()])
    torch._dynamo.reset()
    model.compile(backend="aot_eager", fullgraph=True)
    loss = method.loss_with(model, *batch)
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-12)
    for found, gradient in zip(torch.autograd.grad(loss, [*model.parameters()]), gradients, strict=True):
        torch.testing.assert_close(found, gradient, rtol=1e-10, atol=1e-12)


def test_first_loss_is_known():
    """Output vectors begin at 0: every score is 0, and every one of 1 + K terms is log 2."""
    model = Word2Vec(8, 4)
    method = NegativeSampling(torch.tensor([0, 0, 0, 0, 9, 0, 0, 0]), negatives=5)
    loss = method.loss(model, (torch.tensor([5, 6]), torch.tensor([[4, 7], [5, 0]])))
    assert loss.item() == pytest.approx(6 * math.log(2))


def test_bf16_stays_near():
    model, method, *batch = setting(5, 4, 3, False)
    expected = method.loss_with(model, *batch).item()
    middle, context, negative = batch
    shared = method.loss_shared(model, middle, context, negative[0]).item()
    assert method.loss_with(model.bfloat16(), *batch).item() == pytest.approx(expected, rel=0.05)
    assert method.loss_shared(model, middle, context, negative[0]).item() == pytest.approx(shared, rel=0.05)


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
