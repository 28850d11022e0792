"""Every topic that a course names stands in `topics.toml`, and what that file claims is there."""

from collections.abc import Callable
from pathlib import Path

import pytest

import practicum
from practicum.course.model import Course
from practicum.course.topics import Topic, false_claims, load_topics
from practicum.course.workspace import courses, curriculum
from practicum.errors import PracticumError
from tests.course.conftest import shipped

TOPICS = load_topics(curriculum() / "topics.toml")
PACKAGE = Path(practicum.__path__[0])


def test_every_topic_of_a_course_is_in_the_file(course: Course) -> None:
    assert [topic for topic in course.taught() if topic not in TOPICS] == []


def test_every_topic_of_the_file_is_named_by_a_course() -> None:
    named = {topic for name in courses() for topic in shipped(name).taught()}
    assert sorted(set(TOPICS) - named) == []


def test_what_the_file_claims_is_there() -> None:
    assert list(false_claims(TOPICS, PACKAGE, curriculum())) == []


def test_open_topics_are_named(record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]) -> None:
    """Computes which topics nothing teaches yet, and says so; they are filled in as references and labs arrive."""
    still_open = [name for name, topic in TOPICS.items() if topic.open]
    arrived = {n: [f for f in t.planned if (PACKAGE / f).is_file()] for n, t in TOPICS.items()}
    record_property("open topics", ", ".join(still_open))
    with capsys.disabled():
        print(f"\n{len(still_open)} of {len(TOPICS)} topics are still open: {', '.join(still_open)}")
        for name, files in arrived.items():
            if files:
                print(f"{name}: {', '.join(files)} has arrived; move it from `planned` to `reference`")
    assert not TOPICS["perceptron"].open
    assert all(not (TOPICS[n].reference or TOPICS[n].labs or TOPICS[n].questions) for n in still_open)


def test_a_false_claim_is_found(tmp_path: Path) -> None:
    topics = {"x": Topic(title="X", reference=("models/none.py",), labs=("none",), questions=("none.toml",))}
    assert list(false_claims(topics, PACKAGE, curriculum())) == [
        "x: no file models/none.py",
        "x: no lab none",
        "x: no questions none.toml",
    ]


def test_errors_name_the_line(tmp_path: Path) -> None:
    file = tmp_path / "topics.toml"
    file.write_text('[topic.cnn]\ntitle = "CNN"\n[topic.rnn]\ntitle = "RNN"\nrefrence = ["x.py"]\n')
    with pytest.raises(
        PracticumError, match=r"topics\.toml:5: topic\.rnn\.refrence: .* got `refrence` \(did you mean `reference`\?\)"
    ):
        load_topics(file)
