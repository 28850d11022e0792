"""Instructions with answers, and with a preferred and a rejected answer (Raschka 2024, "Build a Large Language Model (From
Scratch)", chapter 7).
"""

import json
from dataclasses import dataclass

from practicum.data import store
from practicum.data.store import Dataset, File

_HOME = "https://raw.githubusercontent.com/rasbt/LLMs-from-scratch/main/ch07/"
INSTRUCTIONS = Dataset(
    "instruction_rasbt",
    title="1,100 instructions with answers, each also with a rejected one",
    licence="Apache-2.0",
    source="https://github.com/rasbt/LLMs-from-scratch",
    files=(
        File(
            "instruction-data.json",
            "7e09a9af353722ca15c18bc580f093f9c39d3178335a75177319cb1e1d163944",
            _HOME + "01_main-chapter-code/instruction-data.json",
            203524,
        ),
        File(
            "instruction-data-with-preference.json",
            "305315abf14f65fa42c01a0877572f832606571c2a7d49f152ac1d758b16756e",
            _HOME + "04_preference-tuning-with-dpo/instruction-data-with-preference.json",
            386968,
        ),
    ),
)


@dataclass(frozen=True)
class Instruction:
    """A task for an assistant.

    Attributes:
        instruction: what to do.
        input: what to do it with; often empty.
        output: a right answer.
        chosen: the preferred of two answers.
        rejected: the other one: right or not, but impolite.
    """

    instruction: str
    input: str
    output: str
    chosen: str
    rejected: str


def instructions() -> tuple[Instruction, ...]:
    """Return all 1,100, in the published order (the book trains on the first 85 %, tests on the next 10 %).

    Raises:
        PracticumError: the set is not here.
    """
    rows = json.loads((store.need(INSTRUCTIONS) / "instruction-data-with-preference.json").read_text(encoding="utf-8"))
    return tuple(
        Instruction(**{name: row[name] for name in ("instruction", "input", "output", "chosen", "rejected")}) for row in rows
    )
