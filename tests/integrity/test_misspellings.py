"""Misspellings: what no list knows and is one slip from a word; everything else that only looks like one."""

from __future__ import annotations

import base64
import random

import pytest

from practicum.integrity.misspellings import is_slip, known, shared_misspellings
from practicum.integrity.submissions import ComparedSubmission, read_submission
from tests.integrity.test_submissions import code, notebook

RIGHT = "The loss falls quickly at first because the learning rate is large, and then it converges slowly to a plateau."


def answer(text: str, program: str = "") -> ComparedSubmission:
    return read_submission("ada", {"n.ipynb": notebook(code(program), {"cell_type": "markdown", "source": text})})


def shared(both: str, program: str = "", given: str = "") -> list[str]:
    """Return what two who wrote the same are told to have misspelt, in a class of ten who did not."""
    works = [answer(f"{RIGHT} {both}", program), answer(f"{both} {RIGHT}", program), *(answer(RIGHT) for _ in range(10))]
    found = shared_misspellings(works, [read_submission("", {"README.md": given.encode()})], 3)
    assert found.keys() <= {(0, 1)}
    return found.get((0, 1), [])


def test_a_misspelling_is_unknown_and_near_a_known_word() -> None:
    assert shared("The gradiant of the functoin vanishes.") == ["functoin", "gradiant"]
    assert shared("The gradiant of the function vanishes.") == [], "one slip is anybody's"


@pytest.mark.parametrize(
    "word",
    ["node", "rare", "vote", "colour", "normalisation", "generalise", "backpropagation", "minibatches", "labelled"],
)
def test_words_are_no_misspellings(word: str) -> None:
    assert known(word)


@pytest.mark.parametrize("word", ["recieve", "seperate", "occured", "convergance", "wieghts", "layre", "percepton", "softmaxx"])
def test_slips_are_told(word: str) -> None:
    assert not known(word)
    assert is_slip(word)


def test_an_unknown_word_near_none_is_no_slip() -> None:
    assert (known("zxqvyk"), is_slip("zxqvyk")) == (False, False)


def test_what_only_looks_misspelt() -> None:
    image = base64.b64encode(random.Random(1).randbytes(30_000)).decode()
    assert shared(f"![plot](data:image/png;base64,{image})") == []
    assert shared(image) == []
    assert shared(f"{image[:30]}+gradiant+functoin+{image[:30]}") == [], "no words, however they came about"
    assert shared("Rare nodes vote with their edges.") == []
    assert shared("Zhao and Hinten used `gradiant` and $functoin$ of layre_two, see https://example.org/seperate/wieghts") == []
    assert shared("```\ngradiant functoin\n```\n") == []
    assert shared("The gradiant and the functoin.", program="gradiant = functoin(3)") == [], "names in their own code"
    assert shared("The gradiant and the functoin.", given="Write the gradiant of the functoin.") == [], "the sheet's own words"


def test_another_language_is_no_misspelt_english() -> None:
    german = (
        "Die Kosten fallen zuerst schnell, weil wird dann auch noch mehr gelernt wurde, bevor keine Werte mehr steigen konnten."
    )
    works = [answer(german), answer(german), *(answer(RIGHT) for _ in range(10))]
    assert shared_misspellings(works, [], 3) == {}
