"""Words, vocabularies, windows and the language data; what needs the full sets is skipped without them."""

import os
from collections.abc import Sequence
from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.data import store
from practicum.data.banking77 import banking77
from practicum.data.books import books, sentences
from practicum.data.clinc150 import clinc150
from practicum.data.glove import Glove, glove
from practicum.data.reviews import reviews
from practicum.data.tatoeba import Translations, deu_eng, divide, eng_fra, pair_columns, reference_columns
from practicum.data.windows import Corpus, Windows, keep_probability
from practicum.data.word_similarity import analogies, word_similarity
from practicum.data.words import BOS, EOS, PAD, UNK, Vocabulary, split
from practicum.errors import PracticumError

full = pytest.mark.skipif("PRACTICUM_DATA" not in os.environ, reason="needs the full data: PRACTICUM_DATA is not set")


@pytest.fixture
def without_data(monkeypatch, tmp_path):
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store._said.clear()


def test_split():
    assert split("Don’t go, Mr. O'Neil!") == ["don't", "go", ",", "mr", ".", "o'neil", "!"]
    assert split("Grüß Gott, es kostet 3,50 €…") == ["grüß", "gott", ",", "es", "kostet", "3", ",", "50", "€", "…"]
    assert split("  ") == []


@settings(max_examples=40, deadline=None)
@given(
    text=st.lists(st.lists(st.sampled_from("abcdefg"), max_size=6), max_size=6), size=st.integers(4, 12), least=st.integers(1, 3)
)
def test_vocabulary(text, size, least):
    vocabulary = Vocabulary.of(text, size=size, min_count=least)
    count = {word: sum(sentence.count(word) for sentence in text) for word in "abcdefg"}
    kept = vocabulary.words[4:]
    assert len(vocabulary) <= size
    assert list(kept) == sorted(kept, key=lambda word: (-count[word], word))
    for word in "abcdefg":
        assert word not in kept or count[word] >= least
        if word not in kept and count[word] >= max(least, 1):
            assert len(vocabulary) == size
            assert all(count[word] <= count[other] for other in kept)
    for sentence in text:
        numbers = vocabulary.encode(sentence, bos=True, eos=True)
        assert numbers[0] == BOS
        assert numbers[-1] == EOS
        assert PAD not in numbers
        assert vocabulary.decode(numbers[1:-1]) == [word if word in vocabulary else "<unk>" for word in sentence]


def test_vocabulary_refuses_doubles():
    with pytest.raises(ValueError, match="'a' more often"):
        Vocabulary(["a", "b", "a"])
    with pytest.raises(ValueError, match="'<eos>' more often"):
        Vocabulary(["<eos>"])
    assert Vocabulary(["a"]).number("b") == UNK
    assert Vocabulary(["a"]).encode([]).dtype == torch.long


def corpus():
    text = [["a", "b", "c", "x", "d", "e"], ["f"], ["g", "h", "i", "j", "k"]]
    return Corpus.of(text, Vocabulary("abcdefghijk"))


def test_windows_hold_the_neighbours():
    """Without subsampling, with the reach of each window read off: exactly the words that near, and none of another sentence."""
    words = corpus()
    assert words.sentence_N.tolist() == [0] * 5 + [1] + [2] * 5  # "x" is unknown: "c" and "d" are neighbours
    seen, lengths, offsets = 0, set(), [*range(-3, 0), *range(1, 4)]
    for middle, context in Windows(words, reach=3, subsample=0, batch_size=4, seed=1).epoch(0):
        assert context.shape == (len(middle), 6)
        for m, row in zip(middle.tolist(), context.tolist(), strict=True):
            at = words.token_N.tolist().index(m)
            near = [o for o in offsets if 0 <= at + o < 11 and words.sentence_N[at + o] == words.sentence_N[at]]
            here = {o: words.token_N[at + o].item() for o in near}
            reach = max((abs(o) for o, w in zip(offsets, row, strict=True) if w), default=0)
            assert row == [here.get(o, 0) if abs(o) <= reach else 0 for o in offsets]
            lengths.add(reach)
            seen += 1
    assert seen == 11
    assert lengths == {0, 1, 2, 3}


def test_windows_repeat_and_resume():
    windows = Windows(corpus(), reach=2, subsample=0.05, batch_size=2, seed=3)
    first, again = list(windows.epoch(4)), list(windows.epoch(4))
    assert len(first) == len(windows)
    for a, b in zip(first[1:], windows.epoch(4, start=1), strict=True):
        assert all(map(torch.equal, a, b))
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    other = list(windows.epoch(5))
    assert any(a[0].shape != b[0].shape or not torch.equal(a[0], b[0]) for a, b in zip(first, other, strict=True))


def test_reaches_are_equally_likely():
    tokens = torch.arange(4, 4004)
    windows = Windows(Corpus(tokens, torch.zeros_like(tokens), 4004), reach=4, subsample=0, batch_size=4000)
    ((_, context),) = windows.epoch(0)
    per_side = (context[:, 4:] != PAD).sum(1).bincount(minlength=5)[1:] / len(context)
    torch.testing.assert_close(per_side, torch.full((4,), 0.25), rtol=0, atol=0.03)


def test_subsampling():
    """The rates are those of word2vec's program, and what stays has them."""
    counts = torch.tensor([0, 900, 90, 10])
    t = 0.01
    expected = [0.0] + [min(1, (t / (c / 1000)) ** 0.5 + t / (c / 1000)) for c in (900, 90, 10)]
    torch.testing.assert_close(keep_probability(counts, t), torch.tensor(expected, dtype=torch.float64))
    assert keep_probability(counts, 0).tolist() == [0, 1, 1, 1]
    tokens = torch.ones(20_000, dtype=torch.long)
    windows = Windows(Corpus(tokens, torch.arange(20_000), 2), subsample=t, batch_size=500)
    assert len(windows) == 4  # 20,000 words, of which 0.11 stay, in batches of 500
    stayed = sum(len(middle) for middle, _ in windows.epoch(0))
    assert stayed / 20_000 == pytest.approx(t**0.5 + t, abs=0.01)


def test_glove_table():
    vectors = Glove(("a", "b"), torch.tensor([[1.0, 2.0], [3.0, 5.0]]), True)
    table = vectors.table(["b", "z", "a"], seed=1)
    assert torch.equal(table[[0, 2]], vectors.vectors[[1, 0]])
    assert torch.equal(table, vectors.table(["b", "z", "a"], seed=1))
    assert not torch.equal(table[1], vectors.table(["b", "z", "a"], seed=2)[1])
    spread = vectors.table(["z"] * 4000).std(0)
    torch.testing.assert_close(spread, vectors.vectors.std(0), rtol=0.1, atol=0)


def test_packaged_sets(without_data):
    pairs = word_similarity()
    assert len(pairs.words) == len(pairs.scores) == 353
    assert pairs.words[1] == ("tiger", "cat")
    assert pairs.scores[1] == 7.35
    kinds = analogies()
    assert len(kinds) == 14
    assert sum(map(len, kinds.values())) == 19544
    assert kinds["family"][0] == ("boy", "girl", "brother", "sister")


def test_samples(without_data, capsys):
    words = glove()
    assert words.sample
    assert words.vectors.shape == (10_000, 50)
    assert len(words.words) == 10_000
    snippets = reviews()
    assert snippets.sample
    assert (len(snippets.train_texts), len(snippets.test_texts)) == (2400, 600)
    assert not set(snippets.train_texts) & set(snippets.test_texts)
    plays = books()
    assert plays.sample
    assert sum(map(len, plays.sentences)) > 150_000
    assert capsys.readouterr().err.count("packaged sample") == 3


@pytest.mark.parametrize("load", [banking77, clinc150, deu_eng, eng_fra, lambda: word_similarity("men")])
def test_without_data_it_says_how_to_get_them(without_data, load):
    with pytest.raises(PracticumError, match="is not here"):
        load()


def test_unknown_set():
    with pytest.raises(ValueError, match="expected one of wordsim353, simlex999"):
        word_similarity("simplex")


def test_sentences():
    assert sentences("Art thou here?  I’ll not;\nbe\nstill.\n\nExeunt") == [
        ["art", "thou", "here"],
        ["i'll", "not"],
        ["be", "still"],
        ["exeunt"],
    ]


def leaks(data: Translations) -> bool:
    """Whether two of the three sets share a sentence of either side, punctuation aside."""
    parts = [[(s, [t]) for s, t in data.train], data.validation, data.test]
    sides = [{_letters(words) for s, ts in part for words in (("source", *s), *(("target", *t) for t in ts))} for part in parts]
    return any(a & b for a, b in combinations(sides, 2))


def _letters(words: Sequence[str]) -> tuple[str, ...]:
    """All words with a letter or digit in them; all words of a sentence that has none."""
    side, *rest = words
    return (side, *([word for word in rest if word.strip(".!?,")] or rest))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "a!", *"bcdef?"]), st.sampled_from([*"ABCDEF?", "F."])), min_size=4, max_size=40))
def test_no_two_sets_share_a_sentence(pairs):
    data = divide(pairs, validation=2, test=2)
    assert not leaks(data)
    assert max(len(data.validation), len(data.test)) <= 2
    every = {(tuple(split(s)), tuple(split(t))) for s, t in pairs}
    held = {(source, target) for part in (data.validation, data.test) for source, targets in part for target in targets}
    assert len(data.train) == len({*data.train})
    assert {*data.train} | held == every


def test_what_translates_the_same_sentence_stays_together():
    """Two ways to say one thing have no word in common, and hang together by a third alone."""
    pairs = [("x1", "A"), ("x2", "A"), ("x2", "B"), ("x3", "B!"), *((f"y{i}", f"Y{i}") for i in range(6))]
    data = divide(pairs, validation=2, test=3)
    together = {("x1",), ("x2",), ("x3",)}
    parts = [{s for s, _ in part} for part in (data.train, data.validation, data.test)]
    assert [len(part) for part in parts] == [4, 2, 3]
    assert sum(bool(together & part) for part in parts) == 1


def test_columns():
    words = Vocabulary("abc")
    source, target = pair_columns([(("a", "x"), ("b",))], words, words)
    assert source[0].tolist() == [4, UNK, EOS]
    assert target[0].tolist() == [BOS, 5, EOS]
    columns = reference_columns([(("a",), [("b",), ("c", "c"), ("a",)]), (("b",), [("a",)])], words, words, references=2)
    assert [[row.tolist() for row in column] for column in columns] == [
        [[4, EOS], [5, EOS]], [[BOS, 5, EOS], [BOS, 4, EOS]], [[BOS, 6, 6, EOS], []],
    ]  # fmt: skip


@full
def test_full_sets():
    bank = banking77()
    assert (len(bank.train_texts), len(bank.test_texts), len(bank.classes)) == (10_003, 3_080, 77)
    assert torch.bincount(bank.test_labels).tolist() == [40] * 77
    assert bank.train_texts[0] == "I am still waiting on my card?"
    assert bank.classes[bank.train_labels[0]] == "card_arrival"
    requests = clinc150(out_of_scope=True)
    assert torch.bincount(requests.train_labels).tolist() == [50] * 150 + [100]
    assert torch.bincount(requests.test_labels).tolist() == [30] * 150 + [1000]
    assert len(requests.validation_texts) == len(requests.validation_labels) == 3100
    assert len(clinc150().train_texts) == 7500
    snippets = reviews()
    assert (len(snippets.train_texts), len(snippets.test_texts)) == (8454, 2114)
    assert glove().vectors.shape == (50_000, 50)
    assert [len(word_similarity(name).words) for name in ("simlex999", "men", "rg65", "mc30")] == [999, 3000, 65, 30]


@full
def test_full_translations():
    german, french = deu_eng(), eng_fra()
    assert [len(part) for part in (german.train, german.validation, german.test)] == [46_597, 1_000, 2_000]
    assert [len(part) for part in (french.train, french.validation, french.test)] == [4_050, 200, 300]
    assert not leaks(german)
    assert not leaks(french)


@full
def test_full_books():
    text = books()
    assert sum(map(len, text.sentences)) == 1_915_285
    assert text.sentences[0] == ["in", "the", "beginning", "god", "created", "the", "heaven", "and", "the", "earth"]
