"""Half precision and autocast against float64: the same inputs, already rounded, so that only the computing differs.

Sizes go over the range that the dtype has: values in the hundreds, whose squares leave float16, and thousands of terms, whose
sum does.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.methods.auxiliary_heads import AuxiliaryHeads
from practicum.methods.backprop_through_time import TruncatedBPTT
from practicum.methods.classify import Classify
from practicum.methods.detect import focal_loss
from practicum.methods.generate import sample
from practicum.methods.glove import WeightedLeastSquares
from practicum.methods.label_tokens import LabelTokens
from practicum.methods.language_model import LanguageModeling
from practicum.methods.masked_lm import MaskedLM
from practicum.methods.muon import Muon
from practicum.methods.regularise import cross_entropy, l1, l2
from practicum.methods.segment import Segment, soft_dice
from practicum.methods.translate import Translate
from practicum.methods.word2vec import NegativeSampling
from practicum.methods.word_vectors import WordVectors, cosine_spearman
from practicum.models.layers.attention import attention, attention_weights, fused_attention
from practicum.models.layers.norms import BatchNorm, LayerNorm, Standardise
from practicum.models.layers.selective_scan import chunked_scan, selective_scan
from practicum.models.layers.sparse import Sparse
from practicum.models.llama import RMSNorm
from practicum.models.nonlocal_block import NonLocalBlock
from practicum.models.rnn import Recurrent, RecurrentConfig
from practicum.models.s4d import S4D, S4DConfig
from practicum.training.ema import EMA

HALF = (torch.float16, torch.bfloat16)
NEAR = {torch.float16: 2**-10, torch.bfloat16: 2**-7, torch.float32: 2e-6}  # two units in the last place


def assert_near(ours: Tensor, exact: Tensor, dtype: torch.dtype) -> None:
    """Within the rounding of one number, measured against the largest."""
    assert ours.isfinite().all()
    size = exact.abs().amax().item()
    torch.testing.assert_close(ours.double(), exact.double(), rtol=NEAR[dtype], atol=NEAR[dtype] * size)


@pytest.mark.parametrize("dtype", [*HALF, torch.float32], ids=str)
@pytest.mark.parametrize("size", [1e-3, 1.0, 300.0, 3e4])
@pytest.mark.parametrize("make", [LayerNorm, BatchNorm, RMSNorm], ids=lambda m: m.__name__)
def test_norms_at_every_size(make: Callable[[int], nn.Module], size: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x = (torch.randn(40, 8).clamp(-2, 2) * size).to(dtype)
    layer, exact = make(8).to(dtype), make(8).double()
    out = layer(x)
    assert out.dtype == dtype
    assert_near(out, exact(x.double()), dtype)
    for name, buffer in exact.named_buffers():  # running averages
        assert_near(layer.get_buffer(name), buffer, dtype)
    assert_near(layer.eval()(x), exact.eval()(x.double()), dtype)


def test_batch_norms_averages_move_in_half_precision() -> None:
    layer, exact = BatchNorm(1, momentum=0.001).bfloat16(), BatchNorm(1, momentum=0.001).double()
    x = torch.tensor([[2.0], [4.0]])
    for _ in range(1000):
        layer(x.bfloat16())
        exact(x.double())
    assert float(exact.running_mean) == pytest.approx(3 * (1 - 0.999**1000))
    torch.testing.assert_close(layer.running_mean.double(), exact.running_mean, rtol=1e-4, atol=0)


def test_statistics_of_a_training_set_in_half_precision() -> None:
    torch.manual_seed(0)
    x = (torch.randn(500, 3) * torch.tensor([1.0, 100.0, 1000.0])).half()
    exact = Standardise.of(x.double())
    assert_near(Standardise.of(x).std, exact.std, torch.float32)
    assert_near(Standardise.of(x)(x), exact(x.double()), torch.float16)


@pytest.mark.parametrize("dtype", [*HALF, torch.float32], ids=str)
@pytest.mark.parametrize("size", [1.0, 8.0, 100.0])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("attend", [attention, fused_attention], ids=lambda f: f.__name__)
def test_attention_at_every_size(attend: Any, causal: bool, size: float, dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    query, key, value = ((torch.randn(2, 3, 9, 64) * s).to(dtype) for s in (size, size, 1.0))
    out = attend(query, key, value, causal=causal)
    assert out.dtype == dtype
    exact = F.scaled_dot_product_attention(query.double(), key.double(), value.double(), is_causal=causal)
    near = NEAR[dtype] if dtype in HALF else 5e-7 * size**2  # float32 rounds scores of the size size²
    torch.testing.assert_close(out.double(), exact, rtol=2 * near, atol=4 * near)


def test_attention_under_autocast_keeps_its_scores() -> None:
    torch.manual_seed(2)
    query, key = torch.randn(2, 5, 64) * 6, torch.randn(2, 7, 64) * 6
    with torch.autocast("cpu", torch.bfloat16):
        weights = attention_weights(query, key)
    torch.testing.assert_close(weights.double(), attention_weights(query.double(), key.double()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("pairwise", "side"), [("embedded_gaussian", 12), ("dot_product", 100)])
def test_non_local_block_over_many_places(pairwise: Any, side: int) -> None:
    torch.manual_seed(0)
    block = NonLocalBlock(4, pairwise=pairwise)
    nn.init.normal_(block.out.weight, std=1e-4)
    x = torch.randn(1, 4, side, side) * 8
    exact = block.double()(x.half().double())
    assert_near(block.half()(x.half()), exact, torch.float16)


def test_a_sparse_product_under_autocast_is_the_plain_one() -> None:
    torch.manual_seed(3)
    dense, x = torch.randn(6, 5), torch.randn(5, 4)
    with torch.autocast("cpu", torch.bfloat16):
        product = Sparse.from_dense(dense) @ x
        lower = Sparse.from_dense(dense) @ x.bfloat16()
    torch.testing.assert_close(product, dense @ x, rtol=1e-6, atol=1e-6)
    assert lower.dtype == torch.bfloat16


@pytest.mark.parametrize("kind", ["rnn", "rnn-relu", "lstm", "gru"])
@pytest.mark.parametrize("lengths", [None, torch.tensor([4, 2])], ids=["whole", "padded"])
def test_recurrent_networks_under_autocast(kind: Any, lengths: Tensor | None) -> None:
    torch.manual_seed(4)
    x, model = torch.randn(2, 4, 3), Recurrent(RecurrentConfig(kind, 3, 5, num_layers=2, bidirectional=True))
    exact, _ = model(x, None, lengths)
    with torch.autocast("cpu", torch.bfloat16):
        out, _ = model(x, None, lengths)
    torch.testing.assert_close(out.float(), exact, rtol=0.03, atol=0.03)


def test_scans_and_s4d_under_autocast_are_the_plain_ones() -> None:
    torch.manual_seed(5)
    x, delta, B, C = torch.randn(2, 20, 4), torch.rand(2, 20, 4), torch.randn(2, 20, 3), torch.randn(2, 20, 3)
    A, D, system = -torch.rand(4, 3), torch.randn(4), S4D(S4DConfig(4, 6))
    for run in (
        lambda: selective_scan(x, delta, A, B, C, D)[0],
        lambda: chunked_scan(x, delta, A, B, C, D)[0],
        lambda: system(x),
    ):
        exact = run()
        with torch.autocast("cpu", torch.bfloat16):
            torch.testing.assert_close(run(), exact, rtol=1e-6, atol=1e-6)


class Given(nn.Module):
    """Returns logits that it is given, whatever the input."""

    def __init__(self, *outputs: Tensor) -> None:
        super().__init__()
        self.outputs, self.scale = outputs, nn.Parameter(torch.ones((), dtype=outputs[0].dtype))

    def forward(self, *inputs: Any, asked_BT: Tensor | None = None) -> Any:
        found = tuple(output * self.scale for output in self.outputs)
        return found[0] if len(found) == 1 else found


@pytest.mark.parametrize("dtype", HALF, ids=str)
def test_losses_and_metrics_add_up_in_single_precision(dtype: torch.dtype) -> None:
    torch.manual_seed(6)
    N, K = 9000, 6  # the sum of 9000 losses of about 8 is beyond float16
    logits, target = (8 * torch.randn(N, K)).to(dtype), torch.randint(K, (N,))
    exact = float(F.cross_entropy(logits.double(), target))
    rows, rows3 = torch.zeros(N, 1), logits.view(90, 100, K)
    target2 = target.view(90, 100)
    near = {"rel": 1e-5}
    assert float(Classify().loss(Given(logits), (rows, target))) == pytest.approx(exact, **near)
    assert Classify().evaluate(Given(logits), [(rows, target)])["loss"] == pytest.approx(exact, **near)
    assert float(AuxiliaryHeads(0.5).loss(Given(logits, logits), (rows, target))) == pytest.approx(1.5 * exact, **near)
    assert float(cross_entropy(logits, target)) == pytest.approx(exact, **near)
    for method in (LanguageModeling(), LabelTokens()):
        assert float(method.loss(Given(rows3), (rows, target2))) == pytest.approx(exact, **near)
        assert method.evaluate(Given(rows3), [(rows, target2)])["loss"] == pytest.approx(exact, **near)
    bptt = TruncatedBPTT(100).evaluate(lambda x, state: (rows3, state), [(rows, target2)])  # type: ignore[arg-type]
    assert bptt["loss"] == pytest.approx(exact, **near)
    translate = Translate(bos=1, eos=2, pad=-1)
    loss = translate.loss(Given(rows3[:, 1:]), (target2, target2))
    assert float(loss) == pytest.approx(
        float(F.cross_entropy(rows3[:, 1:].double().flatten(0, 1), target2[:, 1:].flatten())), **near
    )
    method = MaskedLM(K, mask=0, special=(), rate=1.0)
    found = method.evaluate(Given(logits), [(target2,)])["loss"]
    assert found == pytest.approx(exact, **near)
    assert float(method.loss(Given(logits), (target2,))) == pytest.approx(exact, **near)


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize("classes", [1, 3])
def test_segmentation_over_a_large_image(classes: int, dtype: torch.dtype) -> None:
    torch.manual_seed(7)
    logits = (2 * torch.randn(1, classes, 400, 400) + 2).to(dtype)  # the sum of 160,000 probabilities is beyond float16
    target = torch.randint(max(2, classes), (1, 400, 400))
    dice = float(soft_dice(logits.double(), target))
    assert float(soft_dice(logits, target)) == pytest.approx(dice, rel=1e-5)
    exact, ours = (Segment().evaluate(Given(x), [(x, target)]) for x in (logits.double(), logits))
    assert ours == pytest.approx(exact, rel=1e-5)


def test_word_vectors_and_their_losses_in_half_precision() -> None:
    torch.manual_seed(8)
    vectors = (300 * torch.randn(40, 50)).half()
    pairs = (torch.arange(20), torch.arange(20, 40), torch.rand(20))
    assert cosine_spearman(vectors, [pairs]) == pytest.approx(cosine_spearman(vectors.double(), [pairs]), abs=1e-6)
    (_, near), *_ = WordVectors([str(i) for i in range(40)], vectors).neighbours("0")
    assert near == pytest.approx(WordVectors([str(i) for i in range(40)], vectors.double()).neighbours("0")[0][1], rel=1e-5)
    counts = torch.rand(5000) * 60000
    estimates = (counts.log() + 3).half()
    batch = (torch.zeros(5000), torch.zeros(5000), counts.half())
    exact = WeightedLeastSquares().loss(Given(estimates.double()), (*batch[:2], counts.half().double()))
    assert float(WeightedLeastSquares().loss(Given(estimates), batch)) == pytest.approx(float(exact), rel=1e-5)
    scores, real = (20 * torch.randn(400, 10, 6)).half(), torch.ones(400, 10, 1, dtype=torch.bool)
    method = NegativeSampling(torch.ones(9))
    words = torch.ones(400, dtype=torch.long), torch.ones(400, 10), torch.zeros(400, 5, dtype=torch.long)
    ours, exact = (method.loss_with(lambda *_, s=s: (s, real), *words) for s in (scores, scores.double()))  # type: ignore[arg-type,misc]
    assert float(ours) == pytest.approx(float(exact), rel=1e-5)


@pytest.mark.parametrize("dtype", HALF, ids=str)
def test_penalties_and_focal_loss(dtype: torch.dtype) -> None:
    torch.manual_seed(9)
    model = nn.Linear(400, 400).to(dtype)
    nn.init.normal_(model.weight, std=30)
    for penalty in (l1, l2):
        assert float(penalty(model)) == pytest.approx(float(penalty(deepcopy(model).double())), rel=1e-5)
    logits, targets = torch.linspace(-30, 30, 61).to(dtype), torch.arange(61) % 2
    torch.testing.assert_close(
        focal_loss(logits, targets).double(), focal_loss(logits.double(), targets.double()), rtol=1e-5, atol=1e-6
    )


def test_the_average_of_weights_moves_in_half_precision() -> None:
    model = nn.Linear(1, 1, bias=False).bfloat16()
    nn.init.ones_(model.weight)
    ema = EMA(model, 0.999)
    nn.init.constant_(model.weight, 2.0)
    for step in range(20_000, 21_000):  # far enough for the full decay
        ema.update(model, step)
    assert float(ema.values["weight"]) == pytest.approx(2 - 0.999**1000, rel=1e-5)
    with ema.applied(model):
        assert model.weight.dtype == torch.bfloat16
        assert float(model.weight) == pytest.approx(2 - 0.999**1000, rel=2**-8)
    assert float(model.weight) == 2


def test_muons_averages_move_in_half_precision() -> None:
    torch.manual_seed(10)
    gradients = [torch.randn(6, 4), 1e-4 * torch.rand(5) + 1e-4]
    states = []
    for dtype in (torch.float16, torch.float64):
        parameters = [nn.Parameter(torch.ones_like(g, dtype=dtype)) for g in gradients]
        optimizer = Muon(parameters[:1], parameters[1:], lr=1e-4, others_lr=1e-4, betas=(0.9, 0.999))
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.half().to(dtype)
        for _ in range(50):
            optimizer.step()
        kept = [optimizer.state[parameters[0]]["momentum"], *(optimizer.state[parameters[1]][n] for n in ("mean", "square"))]
        states.append([state.clone() for state in kept])
        optimizer.load_state_dict(optimizer.state_dict())  # which rounds states to the parameter's dtype
        optimizer.step()
    for ours, exact in zip(*states, strict=True):
        torch.testing.assert_close(ours.double(), exact, rtol=1e-5, atol=0)


def test_sampling_at_any_temperature() -> None:
    logits = torch.tensor([[-5e4, 6e4, 0.0], [3.0, 1.0, 2.0]])
    for dtype in (torch.float16, torch.float32, torch.float64):
        for temperature in (1e-38, 1e-30, 1e-3):
            assert sample(logits.to(dtype), temperature=temperature).tolist() == [1, 0]
