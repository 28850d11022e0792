"""The characters of Shakespeare."""

import os
from pathlib import Path

import pytest
import torch

from practicum.data import shakespeare as shakespeare_module
from practicum.data.characters import Characters
from practicum.data.shakespeare import Text, shakespeare


def sizes(text: Text) -> tuple[int, ...]:
    return len(text.train_tokens), len(text.validation_tokens), len(text.test_tokens), len(text.tokenizer)


def test_sample(monkeypatch, tmp_path):
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    text = shakespeare()
    assert text.sample
    assert sizes(text) == (915654, 53860, 107722, 70)
    assert text.tokenizer.decode(text.train_tokens[:50]).startswith("THE TRAGEDY OF CORIOLANUS\n")
    assert set("ROMEO:\nWhat light through yonder window") <= set(text.tokenizer.alphabet)


@pytest.mark.skipif("PRACTICUM_DATA" not in os.environ, reason="needs tinyshakespeare in $PRACTICUM_DATA")
def test_full():
    text = shakespeare()
    assert not text.sample
    assert sizes(text) == (948084, 55770, 111540, 65)
    whole = "".join(text.tokenizer.decode(part) for part in (text.train_tokens, text.validation_tokens, text.test_tokens))
    assert whole == (Path(os.environ["PRACTICUM_DATA"]) / "tinyshakespeare" / "input.txt").read_text()
    # nanoGPT's numbers for the same characters
    assert text.train_tokens[:8].tolist() == [18, 47, 56, 57, 58, 1, 15, 47]
    assert text.tokenizer.alphabet == "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_the_alphabet_is_the_training_parts_and_the_other_parts_lose_what_it_lacks(monkeypatch, tmp_path):
    (tmp_path / "input.txt").write_text("abcdefgh" * 10 + "aabb" + "x" + "bXab" + "cab" + "dY" + "efabcd")
    monkeypatch.setattr(shakespeare_module.store, "find", lambda dataset: tmp_path)
    text = shakespeare()
    assert text.tokenizer.alphabet == "abcdefghx"
    parts = [text.tokenizer.decode(part) for part in (text.train_tokens, text.validation_tokens, text.test_tokens)]
    assert parts == ["abcdefgh" * 10 + "aabbx", "bab" + "c", "ab" + "d" + "efabcd"]


def test_characters_come_back_and_unknown_ones_are_refused():
    tokenizer = Characters.of("né 👋!")
    assert tokenizer.alphabet == " !né👋"
    assert torch.equal(tokenizer.encode("é! "), torch.tensor([3, 1, 0]))
    assert tokenizer.decode(tokenizer.encode("!👋n")) == "!👋n"
    assert tokenizer.encode("").shape == (0,)
    with pytest.raises(ValueError, match="got 'xy'"):
        tokenizer.encode("néyx")
