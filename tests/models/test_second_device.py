"""Every model and method on a second device: all that is made inside is made where the inputs are."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from practicum.data.augment import cut_out, mirrored, shifted
from practicum.methods.auxiliary_heads import AuxiliaryHeads
from practicum.methods.backprop_through_time import TruncatedBPTT, gradient_norms
from practicum.methods.classify import Classify, confusion_matrix
from practicum.methods.detect import Detect
from practicum.methods.generate import generate
from practicum.methods.glove import WeightedLeastSquares
from practicum.methods.label_tokens import LabelTokens
from practicum.methods.language_model import LanguageModeling
from practicum.methods.masked_lm import MaskedLM
from practicum.methods.muon import Muon, matrices_and_others
from practicum.methods.regularise import Penalised
from practicum.methods.segment import Segment
from practicum.methods.translate import Translate
from practicum.methods.word2vec import NegativeSampling
from practicum.methods.word_vectors import WordVectors
from practicum.models import gat, gcn, gin, sage
from practicum.models.alexnet import AlexNet, AlexNetConfig
from practicum.models.bert import BERTClassifier, BERTConfig, BERTForMaskedLM
from practicum.models.detector import Detector, DetectorConfig
from practicum.models.glove import GloVe
from practicum.models.googlenet import GoogLeNet, GoogLeNetConfig
from practicum.models.gpt import GPT, GPTConfig
from practicum.models.layers.attention import attention, attention_maps
from practicum.models.layers.dropout import Dropout
from practicum.models.layers.norms import BatchNorm, LayerNorm, Standardise
from practicum.models.lenet import LeNet5
from practicum.models.llama import Llama, LlamaConfig
from practicum.models.mamba import Mamba, MambaConfig
from practicum.models.mlp import MLP
from practicum.models.mobilenet import MobileNetV2, MobileNetV2Config
from practicum.models.nonlocal_block import NonLocalBlock
from practicum.models.resnet import resnet18
from practicum.models.rnn import Recurrent, RecurrentClassifier, RecurrentConfig
from practicum.models.s4d import S4DClassifier, S4DConfig
from practicum.models.seq2seq import Seq2Seq, Seq2SeqConfig
from practicum.models.textcnn import TextCNN
from practicum.models.textrnn import TextRNN
from practicum.models.transformer import Transformer, TransformerConfig
from practicum.models.unet import UNet
from practicum.models.vgg import SMALL_VGG, VGG
from practicum.models.vit import ViT, ViTConfig, attention_rollout
from practicum.models.word2vec import Word2Vec
from tests.second_device import DEVICE, Elsewhere, SecondDevice, moved, moved_module, same_elsewhere

torch.manual_seed(0)  # of the inputs below
TOKENS = torch.tensor([[1, 4, 2, 3, 5], [3, 1, 2, 0, 0]])
EDGES = torch.tensor([[0, 1, 1, 2, 3], [1, 0, 2, 1, 2]])
GREY, COLOUR = torch.rand(2, 1, 28, 28), torch.rand(2, 3, 32, 32)
BERT = BERTConfig(9, 8, 8, 1, 2, dropout=0.0)
LLAMA = LlamaConfig(9, 16, 8, 1, 2, 1, 16)

# Name → the model and its inputs; the model's outputs are summed and differentiated.
MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[Any, ...]]] = {
    "alexnet": (lambda: AlexNet(AlexNetConfig(10, 1, "small", 4, 8, 0.0)), (GREY,)),
    "bert": (lambda: BERTClassifier(BERT, 3), (TOKENS,)),
    "bert-masked": (lambda: BERTForMaskedLM(BERT), (TOKENS, None, None, TOKENS > 2)),
    "detector": (lambda: Detector(DetectorConfig(2, (4, 8, 8), 1, 2, 8, 1)), (COLOUR,)),
    "glove": (lambda: GloVe(9, 4, sparse=False), (TOKENS[0], TOKENS[1])),
    "googlenet": (lambda: GoogLeNet(GoogLeNetConfig(4, 3, 1 / 16, transform_input=True, dropout=0.0, auxiliary_dropout=0.0)),
                  (torch.rand(2, 3, 64, 64),)),
    "gpt": (lambda: GPT(GPTConfig(9, 8, 8, 1, 2, 0.0)), (TOKENS,)),
    "lenet": (lambda: LeNet5(activation="tanh", pooling="average"), (GREY,)),
    "llama": (lambda: Llama(LLAMA), (TOKENS,)),
    "mamba": (lambda: Mamba(MambaConfig(9, 8, 1, 4)), (TOKENS,)),
    "mamba-chunked": (lambda: Mamba(MambaConfig(9, 8, 1, 4, chunk=2)), (TOKENS,)),
    "mlp": (lambda: MLP((784, 8, 3), norm="batch"), (GREY,)),
    "mobilenet": (lambda: MobileNetV2(MobileNetV2Config(4, 1, 0.1, "small", 0.0)), (GREY,)),
    "nonlocal": (lambda: NonLocalBlock(3), (COLOUR[:, :, :6, :6],)),
    "resnet": (lambda: resnet18(width=4, num_classes=3), (COLOUR,)),
    **{f"recurrent-{kind}-{fused}": (lambda k=kind, f=fused: Recurrent(RecurrentConfig(k, 3, 4, 2, True, fused=f)),  # type: ignore[misc]
                                     (torch.rand(2, 5, 3), None, torch.tensor([5, 2])))
       for kind in ("rnn", "lstm", "gru") for fused in (False,)},
    "recurrent-lstm-by-hand": (lambda: Recurrent(RecurrentConfig("lstm", 3, 4, 2, True, by_hand=True)),
                               (torch.rand(2, 5, 3), None, torch.tensor([5, 2]))),
    "recurrent-classifier": (lambda: RecurrentClassifier(RecurrentConfig("lstm", 3, 4), 9, 3), (TOKENS, torch.tensor([5, 3]))),
    "s4d-short": (lambda: S4DClassifier(S4DConfig(6, 4, num_layers=1), 3, 2), (torch.rand(2, 7, 3),)),
    "s4d-long": (lambda: S4DClassifier(S4DConfig(6, 4, num_layers=1), 3, 2), (torch.rand(2, 70, 3),)),
    "textcnn": (lambda: TextCNN(torch.rand(9, 4), 3, maps=2, dropout=0.0), (TOKENS,)),
    "transformer": (lambda: Transformer(TransformerConfig(9, 9, 8, 2, 16, 1, 1, 0.0)), (TOKENS, TOKENS)),
    "unet": (lambda: UNet(width=2, depth=2), (COLOUR[:, :, :30, :30],)),
    "vgg": (lambda: VGG(SMALL_VGG), (GREY,)),
    "vit": (lambda: ViT(ViTConfig(28, 7, 1, 3, 8, 1, 2)), (GREY,)),
    "word2vec": (lambda: Word2Vec(9, 4, cbow=True, sparse=False), (TOKENS, TOKENS)),
    "norms": (lambda: nn.Sequential(Standardise.of(torch.rand(9, 6)), BatchNorm(6), LayerNorm(6)), (torch.rand(5, 6),)),
    "gcn": (lambda: gcn.GCN(3, 2, dropout=0.0), (torch.rand(4, 3),)),
    "gat": (lambda: gat.GAT(3, 2, dropout=0.0), (torch.rand(4, 3),)),
    "sage": (lambda: sage.GraphSAGE(3, 2), (torch.rand(4, 3),)),
    "gin": (lambda: gin.GIN(3, 2), (torch.rand(4, 3), torch.ones(1, 4))),
}  # fmt: skip
ADJACENCY = {"gcn": gcn.normalise, "gat": gat.neighbourhoods, "sage": sage.mean_adjacency, "gin": gin.adjacency}


def total(found: Any) -> Tensor:
    """One number of all outputs."""
    parts = found.values() if isinstance(found, dict) else found if isinstance(found, tuple) else (found,)
    return torch.stack([total(x) if isinstance(x, tuple) else (x.float() / 3).cos().sum() for x in parts]).sum()


@pytest.mark.parametrize("name", MODELS)
def test_models(name: str) -> None:
    torch.manual_seed(1)
    make, inputs = MODELS[name]

    def compute(model: nn.Module, *args: Any) -> list[Tensor]:
        if name in ADJACENCY:  # from edges that lie where the features do
            edges = EDGES.to(args[0].device) if not isinstance(args[0], Elsewhere) else moved(EDGES)
            args = (args[0], ADJACENCY[name](edges, 4), *args[1:])
        found = total(model(*args))
        found.backward()
        return [found.detach(), *(p.grad for p in model.parameters() if p.grad is not None)]

    same_elsewhere(compute, make(), *inputs, near=1e-4)


def test_models_in_layers_that_pack_sequences() -> None:
    torch.manual_seed(1)
    config = Seq2SeqConfig(9, 9, 6, 6, dropout=0.0)
    for model, inputs in ((Seq2Seq(config), (TOKENS, TOKENS)), (TextRNN(torch.rand(9, 4), 3, hidden=4, dropout=0.0), (TOKENS,))):
        same_elsewhere(lambda m, *args: total(m(*args)), model, *inputs, near=1e-5)


def steps(method: Any, model: nn.Module, *batch: Tensor) -> list[Any]:
    """Loss, gradients and metrics."""
    loss = method.loss(model, batch)
    loss.backward()
    with torch.no_grad():
        metrics = method.evaluate(model.eval(), [batch])
    return [loss.detach(), *(p.grad for p in model.parameters() if p.grad is not None), metrics]


LABELS = torch.tensor([1, 2])
BOXES = torch.tensor([[[2.0, 3, 20, 21], [0, 0, 0, 0]], [[5.0, 5, 30, 28], [1, 1, 9, 9]]])
METHODS: dict[str, tuple[Any, Callable[[], nn.Module], tuple[Tensor, ...]]] = {
    "classify": (Classify(0.1), lambda: MLP((784, 8, 3)), (GREY, LABELS)),
    "penalised": (Penalised(Classify(), 0.1, 0.1), lambda: MLP((784, 8, 3)), (GREY, LABELS)),
    "auxiliary": (AuxiliaryHeads(), lambda: GoogLeNet(GoogLeNetConfig(4, 3, 1 / 16, dropout=0.0, auxiliary_dropout=0.0)),
                  (torch.rand(2, 3, 64, 64), LABELS)),
    "language": (LanguageModeling(), lambda: GPT(GPTConfig(9, 8, 8, 1, 2, 0.0)), (TOKENS, TOKENS)),
    "labels": (LabelTokens(), lambda: GPT(GPTConfig(9, 8, 8, 1, 2, 0.0)), (TOKENS, TOKENS)),
    "masked": (MaskedLM(9, 8, (0,), 0.9), lambda: BERTForMaskedLM(BERT), (TOKENS,)),
    "segment": (Segment(), lambda: UNet(num_classes=2, width=2, depth=1), (COLOUR, (COLOUR[:, 0] > 0.5).long())),
    "segment-binary": (Segment(), lambda: UNet(width=2, depth=1), (COLOUR, (COLOUR[:, 0] > 0.5).long())),
    "translate": (Translate(bos=1, eos=2, beam=1, max_length=4),
                  lambda: Transformer(TransformerConfig(9, 9, 8, 2, 16, 1, 1, 0.0)), (TOKENS, TOKENS)),
    "translate-beam": (Translate(bos=1, eos=2, beam=2, max_length=4),
                       lambda: Transformer(TransformerConfig(9, 9, 8, 2, 16, 1, 1, 0.0)), (TOKENS, TOKENS)),
    "detect": (Detect(("a", "b"), score=0.0), lambda: Detector(DetectorConfig(2, (4, 8, 8), 1, 2, 8, 1)),
               (COLOUR, BOXES, torch.tensor([[0, -1], [1, 0]]))),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_methods(name: str) -> None:
    torch.manual_seed(1)
    method, make, batch = METHODS[name]
    same_elsewhere(lambda model, *args: steps(method, model, *args), make(), *batch, near=1e-4)


def test_methods_for_word_vectors() -> None:
    torch.manual_seed(2)
    counts, pairs = torch.rand(9), (TOKENS[0], TOKENS[1], torch.rand(5))

    def word2vec(model: Any, counts: Tensor, middle_B: Tensor, context_BW: Tensor, *pairs: Tensor) -> Any:
        own, shared = NegativeSampling(counts), NegativeSampling(counts, shared=3)
        losses = [method.loss(model, (middle_B, context_BW)).detach() for method in (own, shared)]
        return [*losses, own.evaluate(model, [pairs])]

    same_elsewhere(word2vec, Word2Vec(9, 4, sparse=False), counts, LABELS, TOKENS, *pairs)
    glove = lambda model, *batch: steps(WeightedLeastSquares(), model, *batch)  # noqa: E731
    same_elsewhere(glove, GloVe(9, 4, sparse=False), TOKENS[0], TOKENS[1], torch.rand(5) + 1)

    def questions(vectors: Tensor) -> Any:
        words = WordVectors([*"abcdefghi"], vectors)
        return [words.neighbours("a", 3), words.analogy("a", "b", "c", 2), words.analogy_accuracy([(*"abcd",), (*"bcde",)])]

    same_elsewhere(lambda vectors: [[cosine for _, cosine in near] for near in questions(vectors)[:2]], torch.rand(9, 4))
    same_elsewhere(lambda vectors: questions(vectors)[2], torch.rand(9, 4))


def test_generation_truncation_and_pictures() -> None:
    torch.manual_seed(3)
    for model in (GPT(GPTConfig(9, 4, 8, 1, 2)), Llama(LLAMA), Mamba(MambaConfig(9, 8, 1, 4))):
        same_elsewhere(
            lambda m, tokens: generate(m, tokens, 6, temperature=0, top_k=3, top_p=0.9, stop=1), model.eval(), TOKENS[:, :3]
        )

    class Walk(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = Recurrent(RecurrentConfig("lstm", 3, 4)), nn.Linear(4, 2)

        def forward(self, x: Tensor, state: Any) -> Any:
            y, state = self.body(x, state)
            return self.head(y), state

    x, y = torch.rand(2, 6, 3), torch.randint(2, (2, 6))
    same_elsewhere(lambda m, x, y: TruncatedBPTT(2).evaluate(m, [(x, y)]), Walk(), x, y)
    same_elsewhere(lambda m, x: gradient_norms(m, x, lambda h: h.sum()), Recurrent(RecurrentConfig("lstm", 3, 4)), x)
    same_elsewhere(lambda m, x, y: confusion_matrix(m, [(x, y)], 3), MLP((784, 8, 3)), GREY, LABELS)

    def picture(model: nn.Module, images: Tensor) -> Tensor:
        return attention_rollout([*attention_maps(model, images).values()])

    same_elsewhere(picture, ViT(ViTConfig(28, 14, 1, 3, 8, 2, 2)), GREY)
    same_elsewhere(lambda q, k: attention(q, k, k, causal=True, mask=torch.ones(4, 4, dtype=torch.bool, device=q.device)),
                   torch.rand(2, 4, 8), torch.rand(2, 4, 8))  # fmt: skip
    same_elsewhere(lambda m, x: m.train()(x), Dropout(0.5), torch.rand(40))


def test_muon_and_augmentation() -> None:
    def step(model: nn.Module, x: Tensor) -> list[Tensor]:
        optimizer = Muon(*matrices_and_others(model), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            model(x).square().sum().backward()
            optimizer.step()
        return [p.detach().clone() for p in model.parameters()]

    torch.manual_seed(4)
    expected, there = MLP((4, 6, 3)), MLP((4, 6, 3))
    there.load_state_dict(expected.state_dict())
    x = torch.rand(5, 4)
    with SecondDevice():
        found = step(moved_module(there), moved(x))
    torch.testing.assert_close([p.as_subclass(Tensor) for p in found], step(expected, x))
    for change, size in ((shifted, 2), (cut_out, 9)):
        same_elsewhere(lambda images, c=change, s=size: c(images, torch.Generator().manual_seed(0), s), COLOUR)
    same_elsewhere(lambda images: mirrored(images, torch.Generator().manual_seed(0)), COLOUR)


def test_the_second_device_refuses_what_a_real_one_does() -> None:
    here, there = torch.ones(2), moved(torch.ones(2))
    with SecondDevice():
        for mixed in (lambda: here + there, lambda: torch.cat([here, there]), lambda: there.add_(torch.zeros(2)),
                      lambda: here[there.long()], lambda: torch.where(here > 0, there, there)):  # fmt: skip
            with pytest.raises(RuntimeError, match="expected all tensors on one device"):
                mixed()
        with pytest.raises(TypeError, match="copy it to the CPU first"):
            there.numpy()
        assert (there + 1).device == (there * torch.tensor(2.0)).device == torch.zeros(1, device=there.device).device == DEVICE
        assert there[torch.tensor([0])].device == here.to(DEVICE).device == here.to(there).device == DEVICE
        assert there.cpu().device == there.to("cpu").device == there.to(here).device == here.device
