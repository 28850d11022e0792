"""The four courses hold what their own documents state. Each number here was read off those, not off the files."""

from decimal import Decimal

import pytest

from practicum.course.model import Course
from tests.course.conftest import shipped


def weights(course: Course) -> dict[str, Decimal]:
    return {i.name: c.weight_of(i) for c in course.component for i in c.item}


def points(course: Course, item: str) -> dict[str, Decimal]:
    return {path: part.points for path, part in course.find(item).walk()}


def lectures(course: Course, kind: str = "lecture") -> list[str]:
    return [s.title for s in course.session if s.kind == kind]


def test_every_course_adds_up_to_100(course: Course) -> None:
    assert sum(weights(course).values()) == 100
    assert course.grade.out_of == course.grade.cap == 100


def test_every_lab_of_a_session_or_item_is_a_name(course: Course) -> None:
    assert course.labs
    assert all(lab == lab.lower() for session in course.session for lab in session.labs)


def test_dda4220() -> None:
    course = shipped("dda4220")
    assert course.about.also_known_as == ("MDS6224", "MBI6011")
    assert course.about.platform == "OpenMMLab"
    assert (course.about.reports, course.about.source_code) == ("LaTeX", "GitHub")
    assert len(course.about.books) == 2
    assert {c.name: int(c.weight) for c in course.component} == {
        "assignments": 30, "midterm": 25, "project": 40, "participation": 5,
    }  # fmt: skip
    assert {n: int(w) for n, w in weights(course).items() if n.startswith("a")} == {"a1": 15, "a2": 15}
    project = course.find("project")
    assert {p: int(v) for p, v in points(course, "project").items()} == {
        "code": 15, "code.runs": 10, "code.structure": 5,
        "report": 25, "report.prior-work": 3, "report.correctness": 4, "report.validation": 5, "report.findings": 8,
        "report.writing": 2, "report.quality": 3,
        "originality": 5, "originality.outside": 2, "originality.improves": 3,
    }  # fmt: skip
    assert [p for p, part in project.walk() if part.bonus] == ["originality"]
    assert (project.points, project.most) == (40, 45)
    assert project.team is not None
    assert (project.team.min, project.team.max) == (1, 3)
    report = project.document[0]
    assert (report.kind, report.max_pages, report.references, report.typeset) == ("report", 5, "not counted", "LaTeX")
    assert project.talk[0].minutes == 10
    assert len(project.talk[0].answers) == 3
    assert "lineage of the technology" in dict(project.walk())["report.prior-work"].sentence
    assert [p for p, part in project.walk() if not part.sentence and "." in p] == ["originality.outside", "originality.improves"]
    assert "a team may publish its project" in project.notes
    handouts = {name: [each.title for each in course.find(name).handouts] for name in ("a1", "a2")}
    assert handouts == {"a1": ["Assignment sheet", "Report template", "Data"], "a2": ["Assignment sheet", "Report template"]}
    assert "not stated" in course.find("a2").notes
    assert [len(s.reading) for s in course.session] == [2, 2, 3, 3, 0, 3, 2, 3, 5, 0, 0, 3, 1, 0, 0, 0, 0, 0]
    assert len(course.about.prerequisites) == 5
    assert [(m.weekday, str(m.begins), str(m.ends), m.remote_weeks) for m in course.about.meeting] == [
        ("Monday", "15:30:00", "17:00:00", (1, 2)), ("Wednesday", "15:30:00", "17:00:00", (1, 2)),
    ]  # fmt: skip
    assert course.late["project"].then.cap == Decimal("0.5")
    assert course.integrity[0].consequence == "fail"
    assert course.integrity[0].applies_to == "all members of both teams"
    assert points(course, "participation") == {
        "survey-1": Decimal("1.5"), "survey-2": Decimal("1.5"), "evaluation": Decimal(2),
    }  # fmt: skip
    assert [c.name for c in course.component if c.makes_up] == ["participation"]
    exam = course.find("midterm").exam
    assert exam is not None
    assert (exam.questions_min, exam.questions_max) == (20, 30)
    assert exam.scope is not None
    assert (exam.scope.first, exam.scope.last) == (1, 8)
    assert exam.scope.sentence == "from lecture 1 to lecture 9 (including Transformer)"
    last = next(s for s in course.session if s.kind == "lecture" and s.number == exam.scope.last)
    assert "transformer" in last.topics
    assert (len(lectures(course)), len(lectures(course, "tutorial"))) == (11, 6)
    assert course.topics["description"] == ("graph-neural-networks", "neural-radiance-fields")


def test_xmu() -> None:
    course = shipped("xmu")
    assert course.about.tools == ("Python", "PyTorch", "TensorFlow")
    assert course.about.hand_in == (".ipynb",)
    assert {c.name: int(c.weight) for c in course.component} == {"assignments": 40, "project": 60}
    assert [weights(course)[n] for n in ("proposal", "report", "presentation")] == [12, 36, 12]  # 20, 60, 20 % of 60
    for name in ("proposal", "report", "presentation"):
        team = course.find(name).team
        assert team is not None
        assert (team.min, team.max) == (3, 5)
    proposal, report = course.find("proposal").document[0], course.find("report").document[0]
    assert (proposal.max_pages, proposal.columns, proposal.template, proposal.format) == (3, 2, "AAAI 2022", "pdf")
    assert (report.max_pages, report.references) == (6, "alone on the last page")
    assert proposal.references == "alone on the last page"
    assert proposal.sections == ("Abstract", "Introduction", "Related work", "Plan")
    assert report.sections[2:] == ("Related work", "Proposed solution", "Experiments", "Conclusion")
    assert (len(proposal.answers), len(report.answers)) == (4, 3)
    assert "discussed with the lecturer and a TA" in course.component[1].steps[1]
    assert "not printed" in course.find("presentation").document[0].notes
    assert course.about.rules == ("No eating.", "No phones.")
    assert "Google Colab" in course.about.computing
    assert len(course.facts["history"]) == 10
    assert "10.8 points" in course.facts["history"][2]
    assert len(course.facts["venues"]) == 4
    poster = course.find("presentation").document[0]
    assert (poster.kind, poster.paper, poster.height_mm, poster.width_mm) == ("poster", "A0", 1189, 841)
    talk = course.find("presentation").talk[0]
    assert (talk.minutes, talk.best_teams, talk.ranked_by, talk.others) == (10, 10, "report", "poster")
    assert len(lectures(course)) == 12
    assert (len(course.topics["history"]), len(course.topics["applications"])) == (10, 7)


def test_cs324() -> None:
    course = shipped("cs324")
    assert {n: int(w) for n, w in weights(course).items()} == {
        "a1": 15, "a2": 15, "a3": 15, "presentation": 5, "demo": 10, "final": 40,
    }  # fmt: skip
    a1 = points(course, "a1")
    assert [int(a1[p]) for p in ("perceptron", "backprop.mlp", "backprop.training")] == [25, 60, 15]
    assert [int(v) for v in points(course, "a2").values()] == [30, 30, 20, 20]
    assert [int(v) for v in points(course, "a3").values()] == [60, 40]
    assert course.find("a2").labs() == ("mlp-pytorch", "cnn-cifar10", "palindrome-rnn", "palindrome-lstm")
    assert course.find("a3").labs() == ("gan-mnist", "vae")
    assert [book.split()[0] for book in course.about.books] == ["Goodfellow", "Chollet,", "Nielsen,"]
    assert course.integrity[0].rule == "Plagiarism will not be tolerated; always cite your sources."
    presentation = course.find("presentation")
    assert "or the demo" in presentation.notes
    decided = presentation.talk[0].decided
    assert decided is not None
    assert decided.week == 10
    assert [s.kind for s in course.session if s.week in (14, 15)] == ["presentations", "revision"]
    assert all("revision" in s.topics and "presentations, revision" in s.title for s in course.session if s.week in (14, 15))
    assert (len(course.facts["concepts"]), len(course.facts["applications"])) == (11, 7)
    assert course.find("a1").labs() == ("perceptron", "backprop")
    mlp = dict(course.find("a1").walk())["backprop.mlp"].settings
    assert (mlp["hidden_units"], mlp["epochs"], mlp["evaluate_every"], mlp["samples"]) == ("20", 1500, 10, 1000)
    assert mlp["learning_rate"] == Decimal("0.01")
    rnn = dict(course.find("a2").walk())["rnn"].settings
    assert (rnn["hidden_units"], rnn["batch_size"], rnn["max_gradient_norm"]) == (128, 128, 10)
    gan = dict(course.find("a3").walk())["gan"].settings
    assert (gan["latent"], gan["batch_size"], gan["epochs"], gan["samples"]) == (100, 64, 200, 25)
    assert gan["learning_rate"] == Decimal("0.0002")
    assert [s.week for s in course.session if s.kind == "lecture"] == list(range(1, 14))
    assert course.session[-1].week == course.term.weeks == 15
    week11 = next(s for s in course.session if s.week == 11)
    assert week11.optional_topics == ("rbm", "deep-boltzmann-machine")
    assert len(course.topics["maybe"]) == 6


def test_polyu() -> None:
    course = shipped("polyu")
    assert {n: int(w) for n, w in weights(course).items()} == {
        "a1": 5, "a2": 5, "a3": 5, "a4": 5, "project": 30, "midterm": 20, "final": 30,
    }  # fmt: skip
    exam = course.find("midterm").exam
    assert exam is not None
    assert exam.minutes == 120
    assert exam.on is not None
    assert exam.on.week == 6
    project = course.find("project")
    assert project.team is not None
    assert project.team.formed is not None
    assert project.team.formed.week == 7
    assert project.checkpoint[0].due.week == 8
    assert course.find("a1").labs()[0] == "linear-regression"
    assert [s.week for s in course.session if s.kind in ("lab", "workshop")] == list(range(1, 13))
    assert [s.week for s in course.session if s.kind == "lecture"] == [w for w in range(1, 14) if w != 6]
    assert [rule.consequence for rule in course.integrity] == ["score 0 and disciplinary action"] * 2
    assert course.about.hand_in == (".ipynb",)
    assert len(course.about.philosophy) == 4
    assert "messy, multimodal" in course.about.philosophy[1]
    assert "not for whole solutions nor for code that one does not understand" in course.integrity[1].rule
    assert course.late["standard"].sentence.startswith("10 % penalty per day. The maximum score drops: day 1 (90 %) →")
    assert course.about.resources[0].title == "MIT 6.S898"
    assert project.notes == "Original, of conference quality."


@pytest.mark.parametrize("name", ["cs324", "dda4220", "polyu", "xmu"])
def test_no_code_knows_a_course(name: str) -> None:
    """The demonstration alone may choose one."""
    from pathlib import Path

    import practicum

    root = Path(practicum.__file__).parent
    for file in root.rglob("*.py"):
        if not file.is_relative_to(root / "demo"):
            assert f'"{name}"' not in file.read_text(encoding="utf-8")
