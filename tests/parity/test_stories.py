"""stories15M and its tokenizer: the real weights write a story, and `transformers` and `tokenizers` agree."""

import os
import struct
from functools import cache

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.data.stories import LlamaTokenizer, read_tokenizer, stories15m
from practicum.errors import PracticumError
from practicum.methods.generate import generate
from practicum.models.compat import llama as compat
from practicum.models.llama import Llama

full = pytest.mark.skipif("PRACTICUM_DATA" not in os.environ, reason="needs stories15M in $PRACTICUM_DATA")
STORY = "One day, a little girl named Lily found a needle in her room. She knew it was difficult to play with it as it was sharp."


def tiny():
    """ab is better than bc, bc better than abc; a space and x stand alone."""
    pieces = [b"<unk>", b"<s>", b"</s>", *(bytes([byte]) for byte in range(256))]
    pieces += [b" ", b"a", b"b", b"c", b"x", b"bc", b"ab", b"abc", b" a", "é".encode()]
    scores = [0.0] * 259 + [-90, -91, -92, -93, -94, -2, -1, -3, -8, -95]
    return LlamaTokenizer(pieces, scores)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("x", [" ", "x"]),
        ("abc", [" ", "abc"]),
        ("a b", [" a", " ", "b"]),
        ("bcab", [" ", "bc", "ab"]),
        ("aabbc", [" a", "ab", "bc"]),
        ("éx", [" ", "é", "x"]),
    ],
)
def test_the_best_score_is_merged_first(text, pieces):
    tokenizer = tiny()
    tokens = tokenizer.encode(text, bos=False)
    assert [tokenizer.pieces[token].decode() for token in tokens] == pieces
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_text_comes_back(text):
    assert tiny().decode(tiny().encode(text)) == text


def test_a_broken_file_is_refused(tmp_path):
    path = tmp_path / "tokenizer.bin"
    path.write_bytes(struct.pack("<i", 3) + struct.pack("<fi", 0.0, 2) + b"ab" + struct.pack("<fi", 0.0, 9) + b"c")
    with pytest.raises(PracticumError, match="as many bytes at 14, got the end at 23"):
        read_tokenizer(path)


@cache
def real():
    stories = stories15m()
    config = compat.llama2c_config(stories.sizes)
    model = Llama(config).eval()
    model.load_state_dict(compat.from_llama2c(stories.state, config))
    return stories, config, model


@cache
def peer_tokenizer():
    from tokenizers import Tokenizer, models, normalizers

    tokenizer = real()[0].tokenizer
    score = {token: -token for token in range(len(tokenizer))}
    vocabulary = {"<unk>": 0, "<s>": 1, "</s>": 2} | {f"<0x{byte:02X}>": 3 + byte for byte in range(256)}
    pieces = {tokenizer.pieces[token].decode().replace(" ", "▁"): token for token in range(259, len(tokenizer))}
    merges = [
        (score[token] if piece.strip("▁") else -1e9, piece[:at], piece[at:])
        for piece, token in pieces.items()
        for at in range(1, len(piece))
        if piece[:at] in pieces and piece[at:] in pieces
    ]
    merges.sort(key=lambda merge: -merge[0])
    model = models.BPE(vocabulary | pieces, [(a, b) for _, a, b in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    peer = Tokenizer(model)
    peer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return peer


@full
@pytest.mark.parametrize(
    "text", ["Once upon a time", STORY, "naïve café 北京 👋🏽!", "x = {1: 'a'}\n\treturn", "I've 1234 and  two"]
)
def test_tokenizer_equals_tokenizers(text):
    tokens = real()[0].tokenizer.encode(text, bos=False)
    assert tokens == peer_tokenizer().encode(text).ids
    assert real()[0].tokenizer.decode(tokens) == text


@full
def test_known_tokens_of_llama():
    assert real()[0].tokenizer.encode("Once upon a time") == [1, 9038, 2501, 263, 931]  # as Meta's tokenizer has them


@full
def test_it_writes_a_story():
    stories, _, model = real()
    prompt = torch.tensor([stories.tokenizer.encode("Once upon a time")])
    text = stories.tokenizer.decode(generate(model, prompt, 40, temperature=0)[0])
    assert text == (
        "Once upon a time, there was a little girl named Lily. She loved to play outside in the sunshine. "
        "One day, she saw a big, red ball in the sky. It was the sun!"
    )


@full
def test_a_story_is_likelier_than_the_same_words_shuffled():
    stories, _, model = real()
    words = STORY.split()
    shuffled = " ".join(words[i] for i in torch.randperm(len(words), generator=torch.Generator().manual_seed(0)).tolist())
    perplexities = []
    for text in (STORY, shuffled):
        tokens = torch.tensor([stories.tokenizer.encode(text)])
        with torch.no_grad():
            perplexities.append(float(F.cross_entropy(model(tokens)[0, :-1], tokens[0, 1:]).exp()))
    assert perplexities[0] < 5
    assert perplexities[1] > 50 * perplexities[0]
