"""WordPiece against `tokenizers`."""

import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.data.wordpiece import WordPiece, bert

TRICKY = [
    "",
    "   ",
    "Hello, World! It's 10:30 p.m. (UTC+2).",
    "unaffable uncharacteristically xylophonist zzyzx",
    "ÀÉÎõü naïve Straße İstanbul ΣΊΣΥΦΟΣ Ǆ ﬁ",
    "北京大学 and 東京 mixed한국어 हिन्दी",
    "tabs\tand\nnewlines\r\n\u00a0nbsp\u2003em",
    "zero\u200bwidth soft\u00adhyphen \u0000nul \ufffdrepl \x7f",
    "emoji 👋🏽 ☕ $5 €10 50% #tag @me a_b `x` ^ ~ |",
    "“quotes” – dash — … ¿qué?",
    "a" * 99,
    "a" * 100,
    "a" * 101 + " after",
    "[CLS] [MASK] in text",
]


@cache
def ours():
    return bert()


@cache
def peer():
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(ours().pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


@pytest.mark.parametrize("text", TRICKY)
def test_equals_tokenizers(text):
    assert ours().encode(text) == [101, *peer().encode(text).ids, 102]


@given(st.text(st.characters(max_codepoint=0x24F) | st.sampled_from("ß–—“”…€ΣσςИй北京あ한👋\u200b\u00ad\u0301"), max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_text_equals_tokenizers(text):
    assert ours().encode(text)[1:-1] == peer().encode(text).ids


@pytest.mark.skipif("PRACTICUM_DATA" not in os.environ, reason="needs bert_tokenizer and banking77 in $PRACTICUM_DATA")
def test_the_published_tokenizer_agrees_on_banking77():
    from tokenizers import Tokenizer

    from practicum.data.banking77 import banking77

    published = Tokenizer.from_file(str(Path(os.environ["PRACTICUM_DATA"]) / "bert_tokenizer" / "minilm_tokenizer.json"))
    published.no_padding()
    published.no_truncation()
    assert published.get_vocab() == {piece: i for i, piece in enumerate(ours().pieces)}
    texts = banking77().test_texts[:500]
    assert [ours().encode(text) for text in texts] == [encoding.ids for encoding in published.encode_batch(list(texts))]


def test_pairs_and_text_back():
    tokens, types = ours().encode_pair("How are you?", "Fine")
    assert tokens == [101, 2129, 2024, 2017, 1029, 102, 2986, 102]  # as bert-base-uncased has them
    assert types == [0] * 6 + [1] * 2
    assert ours().decode(ours().encode("Unaffable, really")) == "unaffable , really"


def test_a_restricted_vocabulary_cuts_its_texts_alike():
    texts = [text for text in TRICKY if text]
    small = ours().restricted(texts)
    assert len(small) < 8000
    for text in texts:
        assert [small.pieces[i] for i in small.encode(text)] == [ours().pieces[i] for i in ours().encode(text)]
    assert small.unk not in small.encode("wholly unseen words")
    with pytest.raises(ValueError, match=r"without \[PAD\], \[MASK\]"):
        WordPiece(["[UNK]", "[CLS]", "[SEP]", "a"])
