"""Reading `course.toml`: a sound `Course`, or every mistake with file, line, what was expected and what was got."""

from pathlib import Path

from practicum.course.model import Course
from practicum.course.validate import disagreements
from practicum.toml import Document


def load_course(path: Path) -> Course:
    """Read a course file.

    Raises:
        PracticumError: the file is missing, is not TOML, or does not describe a sound course.
    """
    return sound_course(Document.read(path))


def parse_course(text: str, name: str = "course.toml") -> Course:
    """Parse the text of a course file.

    Args:
        text: TOML.
        name: what errors call the file.

    Raises:
        PracticumError: the text does not describe a sound course.
    """
    return sound_course(Document.parse(text, name))


def sound_course(document: Document) -> Course:
    """Return the course that a document describes.

    Raises:
        PracticumError: a table is wrong, or the tables do not agree; one line for each mistake.
    """
    course = document.into(Course)
    if found := list(disagreements(course)):
        raise document.error(sorted(found, key=lambda each: document.line(*each[0])))
    return course
