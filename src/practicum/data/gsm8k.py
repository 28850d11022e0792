"""GSM8K: grade-school mathematics in words, with worked answers (Cobbe et al. 2021, arXiv:2110.14168)."""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from practicum.data import store
from practicum.data.store import Dataset, File

_HOME = "https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/"
GSM8K = Dataset(
    "gsm8k",
    title="GSM8K, 8,792 problems of grade-school mathematics",
    licence="MIT",
    source="Cobbe et al. 2021, arXiv:2110.14168, https://github.com/openai/grade-school-math",
    files=(
        File("train.jsonl", "17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465", _HOME + "train.jsonl", 4166206),
        File("test.jsonl", "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14", _HOME + "test.jsonl", 749738),
    ),
)


@dataclass(frozen=True)
class Problem:
    """A problem.

    Attributes:
        question: in words.
        reasoning: the steps, with calculations in `<<…>>`.
        answer: the number.
    """

    question: str
    reasoning: str
    answer: Decimal


def gsm8k() -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Return 7,473 training and 1,319 test problems.

    Raises:
        PracticumError: the set is not here.
    """
    folder = store.need(GSM8K)
    return _problems(folder / "train.jsonl"), _problems(folder / "test.jsonl")


def _problems(path: Path) -> tuple[Problem, ...]:
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        reasoning, _, number = row["answer"].partition("\n#### ")
        found.append(Problem(row["question"], reasoning, Decimal(number.replace(",", ""))))
    return tuple(found)
