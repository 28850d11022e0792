"""Planted bugs and alternatives become full submissions, or a message with file and line."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from practicum.errors import PracticumError
from practicum.labs.handout import solution_files
from practicum.labs.mutants import load_alternatives, load_cheats, load_mutants

SOURCE = "def answer():\n    # BEGIN SOLUTION\n    x = 40\n    return x + 2\n    # END SOLUTION\n"


def bug(*edits: tuple[str, str, str], loses: str = '["test_answer"]', title: str = '"Wrong"') -> str:
    lines = [f"title = {title}", f"loses = {loses}"]
    for file, find, replace in edits:
        lines += ["", "[[edit]]", f"file = {file!r}", f"find = {find!r}", f"replace = {replace!r}"]
    return "\n".join(lines) + "\n"


def test_edits_are_applied_to_the_source_and_built(make_lab):
    lab = make_lab(
        submit=("answer.py", "n-b.ipynb"),
        files={
            "source/answer.py": SOURCE,
            "source/n-b.py": "# %%\ny = 1\n",
            "bugs/b.toml": bug(("answer.py", "x + 2", "x + 3"), ("answer.py", "x + 3", "x - 3")),
            "bugs/a.toml": bug(("n-b.py", "y = 1", "y = 2"), loses='["test_a", "test_b"]', title='"Two"'),
        },
    )
    first, second = load_mutants(lab)
    assert (first.name, first.title, first.loses) == ("a", "Two", ("test_a", "test_b"))
    assert json.loads(first.files["n-b.ipynb"])["cells"][0]["source"] == ["y = 2"]
    assert first.files["answer.py"] == solution_files(lab)["answer.py"]
    assert second.files["answer.py"] == b"def answer():\n    x = 40\n    return x - 3\n"


@pytest.mark.parametrize(
    ("toml", "line", "message"),
    [
        (bug(("answer.py", "y + 2", "")), 6, "expected exactly one match in source/answer.py for 'y + 2', got none"),
        (bug(("answer.py", "SOLUTION", "")), 6, "for 'SOLUTION', got 2 matches, in lines 2, 5"),
        (bug(("answer.py", "x", "y"), ("x", "y", "z")), 6, "got 2 matches, in lines 3, 4"),
        (bug(("answr.py", "x", "y")), 5, "expected a file of source/ that students submit, got 'answr.py' "
         "(did you mean `answer.py`?); there are: answer.py"),
        (bug(("given.py", "x", "y")), 5, "expected a file that students submit, got 'given.py', which they are given"),
        (bug(("answer.py", "x + 2", "x +")), 4, "expected edits that leave valid Python, got in line 4 of source/answer.py:"),
        (bug(("answer.py", "40", "40")), 6, "expected `replace` to differ from `find`, got the same text"),
        (bug(("answer.py", "40", "41"), loses="[]"), 2, "loses: expected a list with at least one item, got []"),
        (bug(("answer.py", "40", "41"), title='""'), 1, "title: expected text that is not empty, got ''"),
        (bug(), 1, "edit: expected this key, got none"),
        ('title = "x"\nloses = ["a"]\n\n[[edit]]\nfil = "answer.py"\nfind = "40"\nreplace = ""\n', 5,
         "got `fil` (did you mean `file`?)"),
        ('title = "x"\nloses = ["a"]\n\n[[edit]]\nfile = "answer.py"\nreplace = ""\n', 4,
         "edit[0].find: expected this key, got none"),
        ('title = "x"\nlosses = ["a"]\n', 2, "got `losses` (did you mean `loses`?)"),
        ('title = "x"\nloses = [', 2, "expected valid TOML"),
    ],
)  # fmt: skip
def test_mistakes_in_bugs(make_lab, toml, line, message):
    lab = make_lab(files={"source/answer.py": SOURCE, "source/given.py": "x", "bugs/off.toml": toml})
    with pytest.raises(PracticumError) as error:
        load_mutants(lab)
    found = [each for each in str(error.value).split("\n") if each.startswith(f"{lab.folder}/bugs/off.toml:{line}: ")]
    assert any(message in each for each in found), str(error.value)


def test_an_edit_of_starter_code_alone_changes_nothing(make_lab):
    source = SOURCE.replace("    # END", "    # STARTER\n    # x = ...\n    # END")
    lab = make_lab(files={"source/answer.py": source, "bugs/off.toml": bug(("answer.py", "x = ...", "x = 3"))})
    with pytest.raises(PracticumError, match=r"off\.toml: expected edits that change what is submitted"):
        load_mutants(lab)


def test_alternatives_as_edits_and_as_whole_files(make_lab):
    lab = make_lab(
        submit=("answer.py", "other.py"),
        files={
            "source/answer.py": SOURCE,
            "alternatives/z.toml": 'title = "Z"\n[[edit]]\nfile = "answer.py"\nfind = "40"\nreplace = "39 + 1"\n',
            "alternatives/a-b/answer.py": "def answer():\n    # BEGIN SOLUTION\n    return 42\n    # END SOLUTION\n",
            "alternatives/a-b/__pycache__/x.pyc": "",
        },
    )
    first, second = load_alternatives(lab)
    assert (first.name, first.title, first.loses) == ("a-b", "a b", ())
    assert first.files == {**solution_files(lab), "answer.py": b"def answer():\n    return 42\n"}
    assert (second.name, second.title, second.loses) == ("z", "Z", ())
    assert b"39 + 1" in second.files["answer.py"]
    assert load_mutants(lab) == []


def test_mistakes_in_alternatives(make_lab):
    lab = make_lab(files={"alternatives/a/anser.py": "x"})
    with pytest.raises(PracticumError, match=r"alternatives/a/anser\.py: expected a file of source/ .* `answer\.py`\?"):
        load_alternatives(lab)
    lab = make_lab(name="b", files={"alternatives/a.toml": bug(("answer.py", "42", "43"))})
    with pytest.raises(
        PracticumError, match=r"a\.toml:2: loses: expected a key that is known here, got `loses`; known: title, edit"
    ):
        load_alternatives(lab)
    lab = make_lab(name="c")
    (lab.folder / "alternatives" / "empty").mkdir(parents=True)
    with pytest.raises(PracticumError, match="empty: expected files that replace those of source/, got an empty folder"):
        load_alternatives(lab)


CEILING = 'title = "Reads the answer off the sheet"\nmost = 2.5\n'


def test_cheats_as_edits_and_as_whole_files(make_lab):
    lab = make_lab(
        submit=("answer.py", "other.py"),
        files={
            "source/answer.py": SOURCE,
            "cheats/constant.toml": f'{CEILING}[[edit]]\nfile = "answer.py"\nfind = "x + 2"\nreplace = "42"\n',
            "cheats/a_table/answer.py": "answer = {42: 42}.__getitem__\n",
            "cheats/a_table/cheat.toml": f"{CEILING}learns = true\n",
        },
    )
    first, second = load_cheats(lab)
    assert (first.name, first.title, first.most, first.learns) == (
        "a_table", "Reads the answer off the sheet", Decimal("2.5"), True,
    )  # fmt: skip
    assert first.files == {**solution_files(lab), "answer.py": b"answer = {42: 42}.__getitem__\n"}
    assert (second.name, second.most, second.learns, second.loses) == ("constant", Decimal("2.5"), False, ())
    assert second.files["answer.py"] == b"def answer():\n    x = 40\n    return 42\n"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a/answer.py": "x = 1"}, r"cheats/a/cheat\.toml: "),
        ({"a/cheat.toml": CEILING}, r"cheats/a: expected files that replace those of source/, got nothing but cheat\.toml"),
        ({"a/cheat.toml": CEILING + "loses = []", "a/answer.py": "x"}, r"cheat\.toml:3: loses: expected a key that is known"),
        ({"a/cheat.toml": CEILING, "a/answr.py": "x"}, r"cheats/a/answr\.py: expected a file of source/ .*`answer\.py`\?"),
        ({"a/cheat.toml": 'title = "x"', "a/answer.py": "x"}, r"cheat\.toml:1: most: expected this key, got none"),
        ({"a.toml": bug(("answer.py", "42", "43"), loses="[]")}, r"a\.toml:2: loses: expected a key that is known"),
        ({"a.toml": CEILING.replace("2.5", "-1")}, r"a\.toml:2: most: expected .*0.*, got -1"),
        ({"a.toml": CEILING, "a/answer.py": "x", "a/cheat.toml": CEILING}, r"edit: expected this key, got none"),
    ],
)
def test_mistakes_in_cheats(make_lab, files, said):
    lab = make_lab(files={f"cheats/{name}": text for name, text in files.items()})
    with pytest.raises(PracticumError, match=said):
        load_cheats(lab)


def test_a_cheat_that_is_a_file_and_a_folder_is_refused(make_lab):
    edit = '[[edit]]\nfile = "answer.py"\nfind = "42"\nreplace = "43"\n'
    files = {"cheats/a.toml": CEILING + edit, "cheats/a/answer.py": "x", "cheats/a/cheat.toml": CEILING}
    with pytest.raises(PracticumError, match=r"cheats/a: expected one variant of this name, got a\.toml as well"):
        load_cheats(make_lab(files=files))
