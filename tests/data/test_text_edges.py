"""Text as it comes: accents written apart, scripts with marks, surrogates, special words; and vocabularies of any size."""

import unicodedata

import pytest

from practicum.data.bpe import BPE, train, well_formed
from practicum.data.characters import Characters
from practicum.data.stories import LlamaTokenizer
from practicum.data.words import EOS, PAD, SPECIAL, UNK, Vocabulary, split


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Café naïve, Ångström!", ["café", "naïve", ",", "ångström", "!"]),
        ("q̃ z̈o", ["q̃", "z̈o"]),  # no single character has these accents
        ("हिन्दी में लिखा", ["हिन्दी", "में", "लिखा"]),  # vowels and virama are marks
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("שָׁלוֹם עוֹלָם", ["שָׁלוֹם", "עוֹלָם"]),
        ("السَّلامُ عليكم", ["السَّلامُ", "عليكم"]),
        ("می‌روم", ["می‌روم"]),  # a zero-width non-joiner inside the word
        ("İstanbul’un", ["i̇stanbul'un"]),
        ("don’t stop—now", ["don't", "stop", "—", "now"]),
    ],
)
def test_words_are_not_cut_inside(text: str, words: list[str]) -> None:
    expected = [unicodedata.normalize("NFC", word) for word in words]
    for form in ("NFC", "NFD"):
        assert split(unicodedata.normalize(form, text)) == expected


def test_special_words_in_a_corpus_are_unknown_words() -> None:
    sentences = [["a", "<unk>", "b"], ["<pad>", "a", "<eos>", "<bos>"]]
    vocabulary = Vocabulary.of(sentences)
    assert vocabulary.words == (*SPECIAL, "a", "b")
    assert vocabulary.encode(sentences[1], eos=True).tolist() == [UNK, 4, UNK, UNK, EOS]
    assert [vocabulary.number(word) for word in SPECIAL] == [UNK] * 4
    assert PAD not in vocabulary.encode(["<pad>", "b"]).tolist()
    assert all(word in vocabulary for word in (*SPECIAL, "a"))
    assert vocabulary.decode([PAD, 4, EOS]) == ["<pad>", "a", "<eos>"]


@pytest.mark.parametrize("size", range(-1, 8))
def test_a_vocabulary_has_no_more_words_than_its_size(size: int) -> None:
    sentences = [[*"abc"]]
    if size < len(SPECIAL):
        with pytest.raises(ValueError, match=f"a size of at least 4, the number of special words, got {size}"):
            Vocabulary.of(sentences, size=size)
    else:
        assert len(Vocabulary.of(sentences, size=size)) == min(size, 7)


SURROGATES = [
    ("a\ud800b", "a\ufffdb"),
    ("\udfff", "\ufffd"),
    ("\ud83d\ude00!", "😀!"),
    ("\ude00\ud83d", "\ufffd\ufffd"),
    ("é", "é"),
]


@pytest.mark.parametrize(("text", "plain"), SURROGATES)
def test_surrogates_become_characters(text: str, plain: str) -> None:
    assert well_formed(text) == plain
    tokenizer = train([text, text], 258, special=("<end>",))
    assert tokenizer.decode(tokenizer.encode(text)) == plain
    assert tokenizer.decode(tokenizer.encode(text + "<end>" + text, special=True)) == plain + "<end>" + plain
    pieces = [b"<unk>", b"<s>", b"</s>", *(bytes([byte]) for byte in range(256)), b" "]
    llama = LlamaTokenizer(pieces, [0.0] * len(pieces))
    assert llama.decode(llama.encode(text)) == plain


def test_tokens_have_one_meaning_each() -> None:
    with pytest.raises(ValueError, match=r"each merge once, got \(1, 2\) more often"):
        BPE([(1, 2), (1, 2)])
    for special in (("<end>", "<end>"), ("",)):
        with pytest.raises(ValueError, match="special texts that differ and are not empty"):
            BPE([], special)
    with pytest.raises(ValueError, match="each character once, got 'a' more often"):
        Characters("aba")
    assert len(train(["aa aa ab"], 300, special=("<a>", "<b>"))) == 256 + 2 + 1
