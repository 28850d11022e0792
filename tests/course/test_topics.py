"""Every topic that a course names stands in `topics.toml`, and what that file claims is there."""

from collections.abc import Callable
from pathlib import Path

import pytest

import practicum
from practicum.course.model import Course
from practicum.course.topics import Topic, false_claims, load_topics, open_topics
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
    assert list(false_claims(TOPICS, PACKAGE)) == []


def test_open_topics_are_named(record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]) -> None:
    """Says which topics nothing teaches yet; they are filled in as references, labs and questions arrive."""
    still_open = open_topics(TOPICS, curriculum())
    record_property("open topics", ", ".join(still_open))
    with capsys.disabled():
        print(f"\n{len(still_open)} of {len(TOPICS)} topics are still open: {', '.join(still_open)}")
    assert not {"perceptron", "gradient-descent"} & set(still_open)


def test_a_lab_or_a_question_closes_a_topic(tmp_path: Path) -> None:
    (tmp_path / "labs" / "one").mkdir(parents=True)
    (tmp_path / "labs" / "one" / "lab.toml").write_text('topics = ["a"]\n')
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "b.py").touch()
    topics = {name: Topic(title=name) for name in "abc"} | {"d": Topic(title="d", reference=("models/gpt.py",))}
    assert open_topics(topics, tmp_path) == ["c"]


def test_a_false_claim_is_found() -> None:
    topics = {"x": Topic(title="X", reference=("models/none.py",), recipe=("recipes/none.py",))}
    assert list(false_claims(topics, PACKAGE)) == ["x: no file models/none.py", "x: no file recipes/none.py"]


def test_the_old_form_reads_the_same(tmp_path: Path) -> None:
    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    gone = 'planned = ["b.py"]\nlabs = ["one"]\nquestions = []'
    old.write_text(f'[topic.cnn]\ntitle = "CNN"\nreference = ["a.py"]\n{gone}\n[topic.topic]\ntitle = "T"\n')
    new.write_text('cnn = { title = "CNN", reference = ["a.py"] }\ntopic = { title = "T" }\n')
    assert load_topics(old) == load_topics(new) == {"cnn": Topic(title="CNN", reference=("a.py",)), "topic": Topic(title="T")}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[topic.cnn]\ntitle = "CNN"\n[topic.rnn]\ntitle = "RNN"\nrefrence = ["x.py"]\n', 5),
        ('cnn = { title = "CNN" }\nrnn = { title = "RNN", refrence = ["x.py"] }\n', 2),
    ],
)
def test_errors_name_the_line(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / "topics.toml"
    file.write_text(text)
    with pytest.raises(
        PracticumError, match=rf"topics\.toml:{line}: .*rnn\.refrence: .* got `refrence` \(did you mean `reference`\?\)"
    ):
        load_topics(file)
