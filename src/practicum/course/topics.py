"""`topics.toml`: every topic of every course, and where it is taught.

A line says `NAME = { title = "…", reference = […], recipe = […] }`. Labs and questions are not listed there: a lab names its
topics in its own `lab.toml`, and the questions on a topic are in `questions/NAME.py`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, RootModel

from practicum.toml import Document

NO_LONGER_LISTED = ("planned", "labs", "questions")


class Topic(BaseModel):
    """One topic.

    Attributes:
        title: as a syllabus names it.
        reference: files under `src/practicum` that teach it.
        recipe: files under `src/practicum` that run it.
        facts: what a syllabus states about it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    reference: tuple[str, ...] = ()
    recipe: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


class _File(RootModel[dict[str, Topic]]):
    pass


class _OldFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: dict[str, Topic]


def load_topics(path: Path) -> Mapping[str, Topic]:
    """Read `topics.toml`, in its old form too: a table `[topic.NAME]` per topic, which also listed labs and questions.

    Raises:
        PracticumError: the file is missing or wrong; the message names file and line.
    """
    document = Document.read(path)
    tables = document.data.get("topic")
    if not isinstance(tables, dict) or "title" in tables:  # a topic may itself be called `topic`
        return document.into(_File).root
    for topic in tables.values():
        for key in NO_LONGER_LISTED if isinstance(topic, dict) else ():
            topic.pop(key, None)
    return document.into(_OldFile).topic


def open_topics(topics: Mapping[str, Topic], curriculum: Path) -> list[str]:
    """Return the topics that neither a reference, a lab nor a question teaches yet.

    Args:
        topics: by name.
        curriculum: the folder of labs and questions.
    """
    taught = {topic for lab in curriculum.glob("labs/*/lab.toml") for topic in Document.read(lab).data.get("topics", ())}
    taught |= {file.stem for file in curriculum.glob("questions/*.py")}
    return [name for name, topic in topics.items() if not topic.reference and name not in taught]


def false_claims(topics: Mapping[str, Topic], package: Path) -> Iterator[str]:
    """Yield every file that a topic claims and that is not there.

    Args:
        topics: by name.
        package: the folder of the `practicum` package.
    """
    for name, topic in topics.items():
        for file in (*topic.reference, *topic.recipe):
            if not (package / file).is_file():
                yield f"{name}: no file {file}"
