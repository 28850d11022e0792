"""Byte-level BPE against `tiktoken` and `tokenizers`, with GPT-2's merges and with merges trained here."""

import gzip
import json
import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.data import store
from practicum.data.bpe import BPE, PATTERN, gpt2, load, train
from practicum.errors import PracticumError

TRICKY = [
    "",
    " ",
    "Hello world",
    "  two  spaces and   three    four",
    "tabs\t\tand\n\n\nnewlines \r\n mixed \n",
    "I'll say we've they're you'd it's I'm DON'T Don't 'S ''s",
    "numbers 1234567890 3.14159 1,000,000 x2y ½ ² Ⅻ ١٢٣",
    "emoji 👋🏽👩‍👩‍👧‍👦🇩🇪 ☕️",
    "Ünïcödé ß ﬁ ǆ İstanbul 北京大学 こんにちは 한국어 עברית العربية हिन्दी",
    "e\u0301 \u200b\u00a0\u2003\ufeff\u202e end",
    "a" * 1000 + " " * 500 + "!" * 300,
    "<|endoftext|> is text here",
    "__init__(self, *args) -> None:  # comment\n\treturn {}",
    "\x00\x01\x7f\x80\x9f\xad",
]
CORPUS = [
    "low low low low low lower lower newest newest newest newest newest newest widest widest widest",
    "The quick brown fox jumps over the lazy dog. The dog sleeps; the fox doesn't. Größe, Straße, größer!",
    "aaaa aaaaa aa aaa banana bananas ananas 2024 2025 2026 👋👋 👋🏽",
]


@cache
def ours():
    return gpt2()


@cache
def merge_lines():
    lines = gzip.decompress((store.SAMPLES / "gpt2_vocab.bpe.gz").read_bytes()).decode().splitlines()
    return [tuple(line.split()) for line in lines if line and not line.startswith("#version")]


@cache
def tiktoken_peer():
    import tiktoken
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    byte = {character: value for value, character in bytes_to_unicode().items()}
    ranks = {bytes([byte[character]]): i for i, character in enumerate(bytes_to_unicode().values())}
    for a, b in merge_lines():
        ranks[bytes(byte[character] for character in a + b)] = len(ranks)
    return tiktoken.Encoding("local", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": len(ranks)})


def hugging_face(vocabulary, merges):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    peer = Tokenizer(models.BPE(vocabulary, merges))
    peer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    peer.decoder = decoders.ByteLevel()
    return peer


@cache
def tokenizers_peer():
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    vocabulary = {character: i for i, character in enumerate(bytes_to_unicode().values())}
    for a, b in merge_lines():
        vocabulary[a + b] = len(vocabulary)
    return hugging_face(vocabulary, merge_lines())


@pytest.mark.parametrize("text", TRICKY)
def test_gpt2_equals_both_peers(text):
    tokens = ours().encode(text)
    assert tokens == tiktoken_peer().encode_ordinary(text)
    assert tokens == tokenizers_peer().encode(text).ids
    assert ours().decode(tokens) == text


@given(st.text(max_size=60) | st.text(alphabet=" \n\t'stremdlv1aé👋!<|>", max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_equals_tiktoken_and_comes_back(text):
    tokens = ours().encode(text)
    assert tokens == tiktoken_peer().encode_ordinary(text)
    assert ours().decode(tokens) == text


@given(st.lists(st.integers(0, 50256), max_size=30))
@settings(max_examples=50, deadline=None)
def test_any_tokens_decode_as_tiktoken(tokens):
    assert ours().decode(tokens) == tiktoken_peer().decode(tokens)


def test_shakespeare_equals_tiktoken():
    text = gzip.decompress((store.SAMPLES / "shakespeare_7plays.txt.gz").read_bytes()).decode()[:200_000]
    assert ours().encode(text) == tiktoken_peer().encode_ordinary(text)


def test_special_texts():
    text = "one<|endoftext|> two<|endoftext|>"
    assert len(ours()) == 50257
    assert ours().encode(text, special=True) == tiktoken_peer().encode(text, allowed_special="all")
    assert ours().encode(text) == tiktoken_peer().encode_ordinary(text)
    assert ours().decode(ours().encode(text, special=True)) == text
    nested = BPE([], ["<a>", "<a><b>"])
    assert nested.encode("<a><b><a>", special=True) == [257, 256]


def test_known_tokens_of_gpt2():
    assert ours().encode("Hello world") == [15496, 995]  # as in OpenAI's repository
    assert ours().encode(" <|endoftext|>", special=True) == [220, 50256]


@pytest.mark.skipif("PRACTICUM_DATA" not in os.environ, reason="needs GPT-2's encoder.json in $PRACTICUM_DATA")
def test_numbers_are_those_of_the_published_vocabulary():
    folder = Path(os.environ["PRACTICUM_DATA"]) / "gpt2_tokenizer"
    published = json.loads((folder / "encoder.json").read_text())
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    character = bytes_to_unicode()
    mine = {"".join(character[byte] for byte in value): token for token, value in enumerate(ours().bytes)}
    assert mine | ours().special == published
    assert load(folder / "vocab.bpe").merges == ours().merges


@pytest.mark.parametrize("vocab_size", [256, 257, 270, 300, 400])
def test_training_equals_tokenizers(vocab_size):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    peer = Tokenizer(models.BPE())
    peer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    peer.train_from_iterator(
        CORPUS * 3, trainers.BpeTrainer(vocab_size=vocab_size, initial_alphabet=alphabet, min_frequency=2, show_progress=False)
    )
    mine = train(CORPUS * 3, vocab_size)
    assert len(mine) == peer.get_vocab_size()
    for text in [*CORPUS, *TRICKY, "lowest newer bananas größte"]:
        assert mine.encode(text) == peer.encode(text).ids
        assert mine.decode(mine.encode(text)) == text


def test_the_first_merges_of_the_paper():
    """Sennrich et al. 2016, section 3.2: `es`, then `est`."""
    text = " ".join(["low"] * 5 + ["lower"] * 2 + ["newest"] * 6 + ["widest"] * 3)
    assert train([text], 258).bytes[256:] == [b"es", b"est"]


def test_training_stops_where_no_pair_occurs_twice():
    assert len(train(["abc"], 1000)) == 256
    assert len(train(["abab"], 1000, ["<end>"])) == 258
    assert len(train([], 300)) == 256


def test_wrong_arguments_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\[0, 50257\), got 50257"):
        ours().decode([50257])
    with pytest.raises(ValueError, match=r"at least 256 \+ 1 special texts, got 256"):
        train(["x"], 256, ["<end>"])
    with pytest.raises(ValueError, match=r"below 256, got \(256, 1\)"):
        BPE([(256, 1)])
    (tmp_path / "broken.bpe").write_text("#version: 0.2\nt h\nth e\nxx y\n")
    with pytest.raises(PracticumError, match=r"after 2 merges, got 'xx y'"):
        load(tmp_path / "broken.bpe")
