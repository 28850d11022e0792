"""Translation: BLEU equals sacrebleu's; greedy and beam search against brute force; the loss by hand."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from practicum.methods.bleu import bleu
from practicum.methods.translate import Translate, beam_search, greedy
from practicum.models.seq2seq import Seq2Seq, Seq2SeqConfig
from practicum.models.transformer import Transformer, TransformerConfig

BOS, EOS = 1, 2
sentence = st.lists(st.sampled_from(["a", "b", "c", "d", "."]), min_size=1, max_size=9)


@settings(max_examples=60, deadline=None)
@given(corpus=st.lists(st.tuples(sentence, st.lists(sentence, min_size=1, max_size=3)), min_size=1, max_size=6))
def test_bleu_is_sacrebleus(corpus):
    sacrebleu = pytest.importorskip("sacrebleu")
    hypotheses, references = [h for h, _ in corpus], [r for _, r in corpus]
    columns = [[" ".join(r[i]) if i < len(r) else None for r in references] for i in range(3)]
    expected = sacrebleu.corpus_bleu([" ".join(h) for h in hypotheses], columns, tokenize="none", force=True).score
    assert bleu(hypotheses, references) == pytest.approx(expected, abs=1e-9)


def test_bleu_of_the_papers_example():
    """Papineni et al. 2002, section 2.1: "the" seven times has a unigram precision of 2/7, not 7/7."""
    hypothesis = ["the"] * 7
    references = [["the", "cat", "is", "on", "the", "mat"], ["there", "is", "a", "cat", "on", "the", "mat"]]
    assert bleu([hypothesis], [references]) == pytest.approx(100 * (2 / 7 * 1 / (2 * 6) * 1 / (4 * 5) * 1 / (8 * 4)) ** 0.25)
    assert bleu(references, [[r] for r in references]) == pytest.approx(100)
    assert bleu([["x"]], [[["y"]]]) == 0
    assert bleu([[]], [[["y"]]]) == 0
    with pytest.raises(ValueError, match=r"each of 2 hypotheses, got \[1\]"):
        bleu([["x"], ["y"]], [[["x"]]])


class Chain(nn.Module):
    """A model whose next word depends on the last one alone, by a table of probabilities."""

    def __init__(self, table):
        super().__init__()
        self.log_p = torch.tensor(table).clamp(min=1e-12).log()

    def start(self, source):
        return source

    def step(self, token, state):
        return self.log_p[token].clone(), state

    def select(self, state, rows):
        return state[rows]


# Words: 0 padding, 1 bos, 2 eos, 3 "a", 4 "b". "a" is likelier at first, but what follows it is not.
TRAP = Chain([[0.2] * 5, [0, 0, 0, 0.6, 0.4], [0.2] * 5, [0, 0, 0.4, 0.3, 0.3], [0, 0, 0.99, 0.005, 0.005]])


def test_beam_finds_what_greedy_misses():
    source = torch.ones(2, 1, dtype=torch.long)
    settings = {"bos": BOS, "eos": EOS, "max_length": 4}
    assert greedy(TRAP, source, **settings).tolist() == [[3, EOS]] * 2  # 0.6 · 0.4 = 0.24
    tokens, score = beam_search(TRAP, source, beam=2, **settings)
    assert tokens.tolist() == [[4, EOS]] * 2
    torch.testing.assert_close(score.exp(), torch.full((2,), 0.4 * 0.99))


def test_the_length_penalty_favours_longer_translations():
    """p(eos) = 0.4 beats p(a, eos) = 0.6 · 0.6; divided by (5 + length) / 6, log p is -0.916 and -0.876."""
    model = Chain([[0.2] * 4, [0, 0, 0.4, 0.6], [0.25] * 4, [0, 0, 0.6, 0.4]])
    source = torch.ones(1, 1, dtype=torch.long)
    for alpha, expected in ((0.0, [EOS]), (1.0, [3, EOS])):
        tokens, score = beam_search(model, source, bos=BOS, eos=EOS, beam=3, length_penalty=alpha, max_length=3)
        assert [token for token in tokens[0].tolist() if token] == expected
        assert score.exp().item() == pytest.approx(0.36 if alpha else 0.4, rel=1e-5)


def test_the_length_penalty_is_that_of_wu_et_al():
    """log p is -0.916 for one word and -1.058 for two: (5 + length) / 6 prefers the longer one, (6 + length) / 6 would not."""
    model = Chain([[0.2] * 4, [0, 0, 0.4, 0.6], [0.25] * 4, [0, 0, 0.5785, 0.4215]])
    tokens, _ = beam_search(model, torch.ones(1, 1, dtype=torch.long), bos=BOS, eos=EOS, beam=3, length_penalty=1.0, max_length=3)
    assert [token for token in tokens[0].tolist() if token] == [3, EOS]


def model_of(kind, seed, words=5):
    torch.manual_seed(seed)
    if kind == "transformer":
        model = Transformer(TransformerConfig(6, words, 8, 2, 8, encoder_layers=1, decoder_layers=1, max_length=12))
    else:
        model = Seq2Seq(Seq2SeqConfig(6, words, width=4, hidden=6, attention=kind == "attention"))
    for weight in model.parameters():
        nn.init.normal_(weight, std=0.8)
    return model.double().eval()


@pytest.mark.parametrize("kind", ["attention", "no attention", "transformer"])
@pytest.mark.parametrize("seed", range(4))
def test_beam_of_one_is_greedy(kind, seed):
    model = model_of(kind, seed)
    source = torch.randint(1, 6, (5, 4))
    settings = {"bos": BOS, "eos": EOS, "max_length": 8, "never": (3,) if seed % 2 else ()}
    one, _ = beam_search(model, source, beam=1, **settings)
    assert torch.equal(one, greedy(model, source, **settings))
    assert not (seed % 2 and (one == 3).any())


@pytest.mark.parametrize("kind", ["attention", "no attention", "transformer"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_a_wide_beam_finds_the_best_of_all(kind, seed, length_penalty):
    """Every translation of up to four words, scored by teacher forcing."""
    model, length = model_of(kind, seed), 4
    source = torch.randint(1, 6, (1, 3))
    every = [[*body, EOS] for n in range(length) for body in product((3, 4), repeat=n)]
    every += [[*body] for body in product((3, 4), repeat=length)]  # cut off

    def log_p(words):
        inputs = torch.tensor([[BOS, *words[:-1]]])
        return model(source, inputs)[0].log_softmax(1)[torch.arange(len(words)), torch.tensor(words)].sum().item()

    with torch.no_grad():
        best = max(every, key=lambda words: log_p(words) / ((5 + len(words)) / 6) ** length_penalty)
        settings = {"bos": BOS, "eos": EOS, "max_length": length}
        tokens, score = beam_search(model, source, beam=len(every), length_penalty=length_penalty, **settings)
        _, narrow_score = beam_search(model, source, beam=1, **settings)
        row = [token for token in tokens[0].tolist() if token]
        assert row == best
        assert score.item() == pytest.approx(log_p(best), abs=1e-9)
        if not length_penalty:
            assert score.item() >= narrow_score.item() - 1e-12


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_by_hand(smoothing):
    model = model_of("attention", 0)
    source = torch.tensor([[1, 2, 3], [4, 5, 0]])
    target = torch.tensor([[BOS, 3, 4, EOS], [BOS, 4, EOS, 0]])
    method = Translate(BOS, EOS, label_smoothing=smoothing)
    log_p = model(source, target[:, :-1]).log_softmax(2)
    terms = []
    for b, t in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1)):
        terms.append(-(1 - smoothing) * log_p[b, t, target[b, t + 1]] - smoothing * log_p[b, t].mean())
    torch.testing.assert_close(method.loss(model, (source, target)), torch.stack(terms).mean())
    with torch.no_grad():
        metrics = method.evaluate(model, [(source[:1], target[:1]), (source[1:], target[1:, :3])])
    plain = [-log_p[b, t, target[b, t + 1]].item() for b, t in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1))]
    assert metrics["loss"] == pytest.approx(sum(plain) / 5)


def test_evaluate_takes_the_best_of_the_references():
    """The translation [4] of TRAP with a beam is wrong by the first reference of the first source and right by its second."""

    class Both(Chain):
        def forward(self, source, target):
            return self.log_p[target]

    model = Both(TRAP.log_p.exp().tolist())
    source = torch.ones(2, 1, dtype=torch.long)
    first, second = torch.tensor([[BOS, 3, EOS], [BOS, 4, EOS]]), torch.tensor([[BOS, 4, EOS], [0, 0, 0]])
    names = {3: ("x", "a", "b", "c"), 4: ("y", "a", "b", "c")}
    method = Translate(BOS, EOS, beam=2, words=lambda tokens: [word for token in tokens for word in names[token]])
    assert method.evaluate(model, [(source, first, second)])["bleu"] == pytest.approx(100)
    assert method.evaluate(model, [(source, first)])["bleu"] < 90
    assert method.evaluate(model, [(source[:1], first[:1], second[:1]), (source[1:], first[1:])])["bleu"] == pytest.approx(100)


def test_nothing_to_translate():
    model = model_of("transformer", 0)
    assert greedy(model, torch.ones(2, 3, dtype=torch.long), bos=BOS, eos=EOS, max_length=0).shape == (2, 0)
