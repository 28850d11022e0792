"""`topics.toml`: every topic of every course, and where it is taught."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from practicum.toml import Document


class Topic(BaseModel):
    """One topic.

    Attributes:
        title: as a syllabus names it.
        reference: files under `src/practicum` that teach it.
        planned: reference files that do not exist yet.
        recipe: files under `src/practicum` that run it.
        labs: names of labs in `curriculum/labs`.
        questions: names of question files in `curriculum/questions`.
        facts: what a syllabus states about it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    reference: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    recipe: tuple[str, ...] = ()
    labs: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """True while neither a reference, a lab nor a question teaches it."""
        return not (self.reference or self.labs or self.questions)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: dict[str, Topic]


def load_topics(path: Path) -> Mapping[str, Topic]:
    """Read `topics.toml`.

    Raises:
        PracticumError: the file is missing or wrong; the message names file and line.
    """
    return Document.read(path).into(_File).topic


def false_claims(topics: Mapping[str, Topic], package: Path, curriculum: Path) -> Iterator[str]:
    """Yield every file or lab that a topic claims and that is not there.

    Args:
        topics: by name.
        package: the folder of the `practicum` package.
        curriculum: the folder of labs and questions.
    """
    for name, topic in topics.items():
        for file in (*topic.reference, *topic.recipe):
            if not (package / file).is_file():
                yield f"{name}: no file {file}"
        for lab in topic.labs:
            if not (curriculum / "labs" / lab / "lab.toml").is_file():
                yield f"{name}: no lab {lab}"
        for question in topic.questions:
            if not (curriculum / "questions" / question).exists():
                yield f"{name}: no questions {question}"
