"""GloVe: the loss and its gradient in closed form and by finite differences; co-occurrences against a loop."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.data.windows import Corpus, cooccurrences
from practicum.methods.glove import WeightedLeastSquares
from practicum.models.glove import GloVe


def setting(seed, entries=6, sparse=False):
    torch.manual_seed(seed)
    model = GloVe(7, 3, sparse=sparse).double()
    for weight in model.parameters():
        torch.nn.init.normal_(weight)
    return model, (
        torch.randint(7, (entries,)),
        torch.randint(7, (entries,)),
        torch.rand(entries, dtype=torch.float64) * 30 + 0.1,
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("x_max", "alpha"), [(10.0, 0.75), (100.0, 0.5)])
def test_closed_form(seed, x_max, alpha):
    """Eq. 8 and 9 entry by entry; ∂L/∂w_i = 2/N Σ f(X) (w·w̃ + b + b̃ - log X) w̃_j, and its like."""
    model, (words, contexts, counts) = setting(seed)
    loss = WeightedLeastSquares(x_max, alpha).loss(model, (words, contexts, counts))
    loss.backward()
    w, c, b, d = (
        weight.detach() for weight in (model.word.weight, model.context.weight, model.word_bias.weight, model.context_bias.weight)
    )
    expected, grad_w, grad_c, grad_b, grad_d = 0.0, *(torch.zeros_like(weight) for weight in (w, c, b, d))
    for i, j, x in zip(words.tolist(), contexts.tolist(), counts.tolist(), strict=True):
        f = (x / x_max) ** alpha if x < x_max else 1.0
        error = w[i] @ c[j] + b[i, 0] + d[j, 0] - torch.tensor(x).log()
        expected += f * error**2 / 6
        grad_w[i] += 2 * f * error * c[j] / 6
        grad_c[j] += 2 * f * error * w[i] / 6
        grad_b[i] += 2 * f * error / 6
        grad_d[j] += 2 * f * error / 6
    tolerance = {"rtol": 1e-6, "atol": 1e-6}  # log X was taken in float32 above
    torch.testing.assert_close(loss.detach(), expected, **tolerance)
    for table, grad in ((model.word, grad_w), (model.context, grad_c), (model.word_bias, grad_b), (model.context_bias, grad_d)):
        torch.testing.assert_close(table.weight.grad, grad, **tolerance)


@pytest.mark.parametrize("seed", range(5))
def test_finite_differences(seed):
    model, batch = setting(seed)
    method = WeightedLeastSquares(x_max=10.0)

    def loss(*weights):
        named = dict(zip((name for name, _ in model.named_parameters()), weights, strict=True))

        class Stateless(torch.nn.Module):
            def forward(self, *inputs):
                return torch.func.functional_call(model, named, inputs)

        return method.loss(Stateless(), batch)

    assert torch.autograd.gradcheck(loss, [weight.detach().clone().requires_grad_() for weight in model.parameters()])


def test_sparse_gradients_are_the_dense_ones():
    for (dense, batch), (sparse, _) in ((setting(0, 9), setting(0, 9, sparse=True)),):
        for model in (dense, sparse):
            WeightedLeastSquares().loss(model, batch).backward()
        for a, b in zip(sparse.parameters(), dense.parameters(), strict=True):
            assert a.grad.is_sparse
            torch.testing.assert_close(a.grad.to_dense(), b.grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("sparse", [False, True])
def test_products_are_those_of_gathered_vectors(sparse):
    model, (words, contexts, _) = setting(3, 12, sparse)
    found, expected = model.products(words, contexts), model.plain(words, contexts)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
    weights, factor = (model.word.weight, model.context.weight), torch.randn(12, dtype=torch.float64)
    for a, b in zip(
        torch.autograd.grad((found * factor).sum(), weights), torch.autograd.grad((expected * factor).sum(), weights), strict=True
    ):
        torch.testing.assert_close(a.to_dense(), b.to_dense(), rtol=1e-12, atol=1e-14)


def test_weights():
    weight = WeightedLeastSquares(x_max=100.0, alpha=0.75).weight(torch.tensor([0.0, 6.25, 100.0, 1000.0]))
    torch.testing.assert_close(weight, torch.tensor([0.0, 0.125, 1.0, 1.0]))


def test_it_finds_a_matrix_that_has_the_rank():
    """Counts exp(w·w̃ + b + b̃) of a known model are fitted exactly, and an entry that is not 0 is the only kind that counts."""
    torch.manual_seed(0)
    truth, model = GloVe(8, 2).double(), GloVe(8, 2, sparse=False).double()
    for weight in truth.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    words, contexts = (index.flatten() for index in torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij"))
    batch = (words, contexts, truth(words, contexts).detach().exp())
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=300, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = WeightedLeastSquares(x_max=1.0).loss(model, batch)
        loss.backward()
        return loss

    optimizer.step(closure)
    assert closure().item() < 1e-8
    torch.testing.assert_close(model(words, contexts), truth(words, contexts), rtol=0, atol=1e-3)
    torch.testing.assert_close(model.vectors(), model.word.weight + model.context.weight)


@settings(max_examples=30, deadline=None)
@given(text=st.lists(st.lists(st.integers(1, 5), max_size=7), min_size=1, max_size=4), reach=st.integers(1, 4))
def test_cooccurrences(text, reach):
    tokens = torch.tensor([t for s in text for t in s], dtype=torch.long)
    sentence = torch.tensor([i for i, s in enumerate(text) for _ in s], dtype=torch.long)
    expected = torch.zeros(6, 6)
    for s in text:
        for i, a in enumerate(s):
            for j, b in enumerate(s):
                if i != j and abs(i - j) <= reach:
                    expected[a, b] += 1 / abs(i - j)
    got = cooccurrences(Corpus(tokens, sentence, 6), reach=reach)
    assert got.is_sparse
    torch.testing.assert_close(got.to_dense(), expected)
    assert (got.values() > 0).all()


def test_a_compiler_gets_one_graph_of_the_plain_products():
    model, batch = setting(3, entries=40)
    method = WeightedLeastSquares()
    expected = method.loss(model, batch)
    torch._dynamo.reset()
    model.compile(backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(method.loss(model, batch), expected, rtol=1e-12, atol=1e-12)
