"""`topics.toml`: every topic of every course, and where it is taught.

A line says `NAME = { title = "…", reference = […], recipe = […] }`. Labs and questions are not listed there: a lab names its
topics in its own `lab.toml`, and the questions on a topic are in `questions/NAME.py`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from practicum.course.load import describe, parse_toml, read_text
from practicum.errors import PracticumError

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


class _OldFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: dict[str, Topic]


def load_topics(path: Path) -> Mapping[str, Topic]:
    """Read `topics.toml`, in its old form too: a table `[topic.NAME]` per topic, which also listed labs and questions.

    Raises:
        PracticumError: the file is missing or wrong; the message names file and line.
    """
    text = read_text(path).replace("\r\n", "\n")
    data = parse_toml(text, str(path))
    old = isinstance(data.get("topic"), dict) and "title" not in data["topic"]
    form: Any = _OldFile if old else dict[str, Topic]
    for topic in data["topic"].values() if old else ():
        for key in NO_LONGER_LISTED if isinstance(topic, dict) else ():
            topic.pop(key, None)
    try:
        read = TypeAdapter(form).validate_python(data)
    except ValidationError as error:
        raise PracticumError(describe(error, form, text, str(path))) from None
    topics: dict[str, Topic] = read.topic if old else read
    return topics


def open_topics(topics: Mapping[str, Topic], curriculum: Path) -> list[str]:
    """Return the topics that neither a reference, a lab nor a question teaches yet.

    Args:
        topics: by name.
        curriculum: the folder of labs and questions.
    """
    taught = {
        topic for lab in curriculum.glob("labs/*/lab.toml") for topic in parse_toml(read_text(lab), str(lab)).get("topics", ())
    }
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
