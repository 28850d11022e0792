"""Word vectors: Spearman's ρ equals SciPy's, neighbours and analogies equal gensim's, the packaged GloVe has its known score."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from practicum.data import store
from practicum.data.glove import glove
from practicum.data.word_similarity import analogies, word_similarity
from practicum.methods.word_vectors import WordVectors, cosine_spearman, ranks, spearman


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=12))
def test_spearman_is_scipys(rows):
    x, y = torch.tensor(rows, dtype=torch.float32).T
    assert ranks(x).tolist() == rankdata(x.numpy()).tolist()
    if len(x.unique()) > 1 and len(y.unique()) > 1:
        assert spearman(x, y) == pytest.approx(spearmanr(x.numpy(), y.numpy()).statistic, abs=1e-12)
    else:
        assert np.isnan(spearman(x, y))


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"got \(2,\) and \(3,\)"):
        spearman(torch.ones(2), torch.ones(3))
    with pytest.raises(ValueError, match="got 2 and 1"):
        WordVectors(["a"], torch.ones(2, 3))


@pytest.fixture(scope="module")
def packaged():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PRACTICUM_DATA", raising=False)
        patch.setattr(store, "cache", lambda: store.SAMPLES / "nowhere")
        found = glove()
    assert found.sample
    return WordVectors(found.words, found.vectors)


def test_packaged_glove_on_wordsim(packaged):
    pairs = word_similarity()
    rows = packaged.pairs(pairs.words, pairs.scores)
    assert len(rows[0]) == 269
    assert cosine_spearman(packaged.unit_VD, [rows]) == pytest.approx(0.52, abs=0.02)


def test_packaged_glove_on_analogies(packaged):
    """The share is what gensim counts on the same vectors; king - man + woman is the example of the literature."""
    assert packaged.analogy("man", "king", "woman")[0][0] == "queen"
    kinds = analogies()
    share, asked = packaged.analogy_accuracy(kinds["gram3-comparative"])
    gensim = pytest.importorskip("gensim")
    theirs = gensim.models.KeyedVectors(50)
    theirs.add_vectors(packaged.words, packaged.unit_VD.numpy())
    known = [q for q in kinds["gram3-comparative"] if packaged.known(*q)]
    assert asked == len(known) > 500
    right = 0
    for a, b, c, d in known[:200]:
        mean = theirs[b] - theirs[a] + theirs[c]
        near = [word for word, _ in theirs.similar_by_vector(mean, topn=4) if word not in (a, b, c)]
        right += near[0] == d
    assert packaged.analogy_accuracy(known[:200]) == (right / 200, 200)
    assert 0.3 < share < 0.9


def test_neighbours_are_gensims(packaged):
    gensim = pytest.importorskip("gensim")
    theirs = gensim.models.KeyedVectors(50)
    theirs.add_vectors(packaged.words, packaged.unit_VD.numpy())
    for word in ("france", "seven", "run"):
        ours, expected = packaged.neighbours(word, 5), theirs.most_similar(word, topn=5)
        assert [w for w, _ in ours] == [w for w, _ in expected]
        assert [c for _, c in ours] == pytest.approx([c for _, c in expected], abs=1e-5)
    assert len(WordVectors(["a", "b"], torch.eye(2)).neighbours("a", 10)) == 1
    with pytest.raises(KeyError):
        packaged.neighbours("xyzzy")


def test_nothing_known():
    vectors = WordVectors(["a", "b"], torch.eye(2))
    share, asked = vectors.analogy_accuracy([("a", "b", "a", "x")])
    assert np.isnan(share)
    assert asked == 0
    assert [len(column) for column in vectors.pairs([("a", "x")], [1.0])] == [0, 0, 0]
