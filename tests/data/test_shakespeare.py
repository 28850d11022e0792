"""The characters of Shakespeare."""

import os

import pytest
import torch

from practicum.data.characters import Characters
from practicum.data.shakespeare import shakespeare


def test_sample(monkeypatch, tmp_path):
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    text = shakespeare()
    assert text.sample
    assert (len(text.train_tokens), len(text.validation_tokens), len(text.tokenizer)) == (969516, 107725, 73)
    assert text.tokenizer.decode(text.train_tokens[:50]).startswith("THE TRAGEDY OF CORIOLANUS\n")
    assert set("ROMEO:\nWhat light through yonder window") <= set(text.tokenizer.alphabet)


@pytest.mark.skipif("PRACTICUM_DATA" not in os.environ, reason="needs tinyshakespeare in $PRACTICUM_DATA")
def test_full():
    text = shakespeare()
    assert not text.sample
    assert (len(text.train_tokens), len(text.validation_tokens), len(text.tokenizer)) == (1003854, 111540, 65)
    # nanoGPT's numbers for the same characters
    assert text.train_tokens[:8].tolist() == [18, 47, 56, 57, 58, 1, 15, 47]
    assert text.tokenizer.alphabet == "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_characters_come_back_and_unknown_ones_are_refused():
    tokenizer = Characters.of("né 👋!")
    assert tokenizer.alphabet == " !né👋"
    assert torch.equal(tokenizer.encode("é! "), torch.tensor([3, 1, 0]))
    assert tokenizer.decode(tokenizer.encode("!👋n")) == "!👋n"
    assert tokenizer.encode("").shape == (0,)
    with pytest.raises(ValueError, match="got 'xy'"):
        tokenizer.encode("néyx")
