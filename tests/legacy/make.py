"""Make everything in this folder with an old checkout's own code: see README.md. Run with that checkout's Python.

/path/to/checkout/.venv/bin/python tests/legacy/make.py
"""

import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
import zipfile
from datetime import datetime
from pathlib import Path

import typer
from practicum.grading.results import CheckResult, GradedSubmission, Provenance
from practicum.grading.store import Store

from practicum.cli import app
from practicum.cli.grade import backends
from practicum.course import events, files, load, roster, term
from practicum.grading import run, tables
from practicum.labs import lab as lab_format
from practicum.labs.handout import build_handout, solution_files
from practicum.labs.lab import find_lab
from practicum.labs.mutants import load_mutants
from practicum.training import recipes

HERE = Path(__file__).resolve().parent
WORKSPACE = HERE / "workspace"
BUG = "no_bias_update"
RECIPE = "softmax-mnist"
EXPORTS = ("plain", "canvas", "blackboard", "moodle")


def practicum(*words: str, cwd: Path, codes: tuple[int, ...] = (0,)) -> str:
    """Run a command of the old code; return what it prints."""
    line = [sys.executable, "-c", "from practicum.cli import main; main()", *words]
    done = subprocess.run(line, cwd=cwd, capture_output=True, text=True)
    if done.returncode not in codes:
        raise SystemExit(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def wrong(lab: str, bug: str) -> dict[str, bytes]:
    """Return a solution with one of the lab's planted bugs in it."""
    found = find_lab(lab)
    return {**solution_files(found), **next(each for each in load_mutants(found) if each.name == bug).files}


def put(folder: Path, content: dict[str, bytes]) -> None:
    """Write files into a folder."""
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def make_workspace() -> None:
    """A term that is over: made, edited, handed in, graded, regraded once, and stopped within the second lab."""
    shutil.rmtree(WORKSPACE, ignore_errors=True)
    practicum("init", "cs324", "workspace", "--start", "2025-02-24", cwd=HERE)
    for left in ("README.md", ".gitignore"):
        (WORKSPACE / left).unlink()
    shutil.rmtree(WORKSPACE / "feedback")
    shutil.rmtree(WORKSPACE / "handouts")
    file = WORKSPACE / "course.toml"
    text = file.read_text(encoding="utf-8")
    for old, new in (
        ('late = "none"', 'late = "example"'),
        (
            "then = { multiplier = 0 }\n",
            'then = { multiplier = 0 }\nexcused = { kind = "medical certificate", then = { multiplier = 0.5 } }\n',
        ),
        ('name = "a2"\n', 'name = "a2"\nteam = { min = 1, max = 3 }\nlms = { canvas = "123", blackboard = "_45_1" }\n'),
    ):
        if text.count(old) != 1:
            raise SystemExit(f"the course file has {old!r} {text.count(old)} times")
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    rows = [
        "id,name,email,section,team,login,lms_id",
        "s001,Ada Lovelace,ada@example.org,L1,,ada,9001",
        "s002,Grace Hopper,grace@example.org,L1,,grace,9002",
        "s003,Frank Rosenblatt,frank@example.org,L2,,frank,9003",
        "s004,Seppo Linnainmaa,seppo@example.org,L2,,seppo,9004",
        "s005,Marvin Minsky,marvin@example.org,L1,blue,marvin,9005",
        "s006,Warren McCulloch,warren@example.org,L2,blue,warren,9006",
    ]
    csv = {
        "roster.csv": rows,
        "teams.csv": [
            "team,student,item",
            "red,s001,a2",
            "red,s002,a2",
            "green,s003,",
            "green,s004,",
            "blue,s005,",
            "blue,s006,",
        ],
        "extensions.csv": [
            "student,team,item,until,reason",
            "s003,,a1,2025-04-02 23:59:59,illness",
            ",green,a2,2025-05-02T23:59:59+08:00,the cluster was down",
        ],
        "exemptions.csv": [
            "student,team,item,kind,reason",
            "s006,,a3,item,joined late",
            "s004,,a1,medical certificate,a fever",
        ],
        "marks.csv": [
            "student,team,item,part,points,at,submitted,note",
            ",red,a2,,88.5,2025-05-01 10:00:00,2025-04-26 12:00:00,read together",
            ",green,a2,cnn,25,2025-05-05 10:00:00,2025-05-02 20:00:00,",
            "s002,,a2,,90,2025-05-03 10:00:00,2025-04-26 12:00:00,did more",
            "s001,,a3,,71.25,2025-06-01 10:00:00,2025-05-26 12:00:00,late by half a day",
            "s002,,a3,gan,33.3,2025-06-01 10:00:00,2025-05-20 12:00:00,",
            "s001,,final,,81,2025-06-20 10:00:00,,",
            "s002,,final,,77.7,2025-06-20 10:00:00,,",
            "s002,,final,,78.7,2025-06-21 10:00:00,,corrected",
            "s003,,presentation,,4.5,2025-06-05 10:00:00,,",
            "s006,,total,,40,2025-06-30 10:00:00,,decided by the board",
        ],
    }
    for name, lines in csv.items():
        (WORKSPACE / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    hand_in()
    practicum("grade", "perceptron", "--seed", "20250224", "--jobs", "1", "--no-feedback", cwd=WORKSPACE)
    # A regrade under another seed, looked at and published.
    practicum("regrade", "perceptron", "--seed", "7", "--jobs", "1", "--preview", cwd=WORKSPACE)
    practicum("regrade", "perceptron", "--publish", cwd=WORKSPACE)
    grade_in_part("backprop", 3)


def hand_in() -> None:
    """On time, late, twice, as a folder, a file and a zip, with a bug, with a file missing, and broken."""
    into = WORKSPACE / "submissions"
    for lab in into.iterdir():
        if lab.name not in ("perceptron", "backprop"):
            lab.rmdir()
    right = solution_files(find_lab("perceptron"))["perceptron.py"]
    one = into / "perceptron"
    put(one / "s001@20250320T100000+0800", {"perceptron.py": right})
    put(one / "s002@20250328T090000+0800", {"perceptron.py": wrong("perceptron", BUG)["perceptron.py"]})
    (one / "s002@20250331T120000+0800.py").write_bytes(right.replace(b"mistakes", b"errors"))
    other = (find_lab("perceptron").folder / "alternatives" / "augmented_row_by_row" / "perceptron.py").read_bytes()
    put(one / "s003@20250405T120000+0800", {"perceptron.py": other})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (("a1/perceptron.py", right.replace(b"order", b"places")), ("a1/notes.txt", b"mine\n")):
            archive.writestr(zipfile.ZipInfo(name, (2025, 3, 29, 12, 0, 0)), data)
    (one / "s004@20250329T200000+0800.zip").write_bytes(buffer.getvalue())
    (one / "s005@20250330T235959+0800.py").write_bytes(b"class Perceptron:\n    def __init__(self, n_inputs:\n")
    two = into / "backprop"
    solution = solution_files(find_lab("backprop"))
    put(two / "s001@20250321T100000+0800", solution)
    put(two / "s002@20250329T100000+0800", wrong("backprop", "relu_leaks"))
    put(two / "s003@20250402T235959+0800", {**solution, **_alternative("backprop", "loops")})
    put(two / "s004@20250404T100000+0800", {**solution, **_alternative("backprop", "in_place")})
    put(two / "s005@20250330T200000+0800", {"modules.py": solution["modules.py"]})


def _alternative(lab: str, name: str) -> dict[str, bytes]:
    folder = find_lab(lab).folder / "alternatives" / name
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def grade_in_part(lab: str, many: int) -> None:
    """Grade until so many submissions have a result, then stop as Ctrl-C does."""

    def stop(progress: object) -> None:
        if isinstance(progress, run.Graded) and progress.done == many:
            raise KeyboardInterrupt

    with Store(WORKSPACE / "practicum.db") as store:
        zone = load.load_course(WORKSPACE / "course.toml").term.zone
        try:
            found = find_lab(lab)
            run.grade_folder(found, WORKSPACE / "submissions" / lab, store, zone, backends(1, None, False), seed=11, watch=stop)
        except KeyboardInterrupt:
            return
    raise SystemExit("the run was not stopped")


def tidy(database: Path) -> None:
    """Fold SQLite's log into the one file, so that it can be kept."""
    with sqlite3.connect(database) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("VACUUM")
    db.close()
    for left in database.parent.glob(f"{database.name}-*"):
        left.unlink()


def expect(folder: Path, workspace: Path) -> None:
    """Write what the old code exports."""
    folder.mkdir(parents=True, exist_ok=True)
    for form in EXPORTS:
        practicum("gradebook", "--export", form, "--total", "-o", str(folder / f"{form}.csv"), cwd=workspace)


def make_expected(scratch: Path) -> None:
    """Exports before and after the interrupted run is taken up, the results as JSON, the similarity report's lists."""
    folder = HERE / "expected"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(WORKSPACE, scratch)
    expect(folder / "stopped", scratch)
    practicum("grade", "perceptron", "--no-feedback", "--json", str(folder / "perceptron.json"), cwd=scratch)
    practicum("grade", "backprop", "--resume", "--no-feedback", "--jobs", "1", cwd=scratch)
    expect(folder / "resumed", scratch)
    practicum("similarity", "perceptron", cwd=scratch)
    report = scratch / "similarity" / "perceptron"
    shutil.copy(report / "pairs.csv", folder / "pairs.csv")
    shutil.copy(report / "pairs.json", folder / "pairs.json")
    shutil.rmtree(scratch)
    expect(folder / "every-key", HERE / "every-key")


def make_handouts() -> None:
    """Handouts as students got them, with a student's half-right answer in each."""
    folder = HERE / "handouts"
    shutil.rmtree(folder, ignore_errors=True)
    build_handout(find_lab("perceptron"), folder / "perceptron")
    put(folder / "perceptron", wrong("perceptron", "epochs_off_by_one"))
    build_handout(find_lab(HERE / "labs" / "notebook"), folder / "notebook")
    put(folder / "notebook", solution_files(find_lab(HERE / "labs" / "notebook")))
    for zipped in folder.glob("*.zip"):
        zipped.unlink()
    for name in ("perceptron", "notebook"):
        told = practicum("check", name, cwd=folder, codes=(0, 1))
        (HERE / "expected" / f"check-{name}.txt").write_text(told, encoding="utf-8")


def make_labs() -> None:
    """Labs as `practicum lab new` wrote them, with every key of lab.toml, and a store of work graded with one."""
    folder = HERE / "labs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    practicum("lab", "new", "notebook", "--notebook", "-o", str(folder), cwd=HERE)
    practicum("lab", "new", "columns", "-o", str(folder), cwd=HERE)
    toml = folder / "columns" / "lab.toml"
    text = toml.read_text(encoding="utf-8")
    given = tomllib.loads(text)
    more = {"summary": "An old lab.", "topics": ["perceptron"], "libraries": ["numpy"]}
    lines = [f"{key} = {json.dumps(value)}" for key, value in more.items() if key not in given]
    limits = lab_format.Limits().model_dump()
    table = "\n".join(["[limits]", *(f"{key} = {value}" for key, value in limits.items())])
    text = re.sub(r"^\[limits\].*", "", text, flags=re.DOTALL | re.MULTILINE)
    toml.write_text("\n".join([*lines, text.rstrip(), "", table, ""]), encoding="utf-8")
    known = set(lab_format.Lab.model_fields)
    if known != set(tomllib.loads(toml.read_text(encoding="utf-8"))):
        raise SystemExit(f"lab.toml lacks {known - set(tomllib.loads(toml.read_text(encoding='utf-8')))}")
    practicum("lab", "verify", str(folder / "columns"), "--seeds", "1", "--jobs", "1", cwd=HERE)


def every_key() -> list[str]:
    """Return the keys of course.toml, after looking that `every-key/course.toml` has each of them."""
    course = load.load_course(HERE / "every-key" / "course.toml")
    there: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, term.Table):
            there.update(f"{type(value).__name__}.{name}" for name in value.model_fields_set)
            for name in value.model_fields_set:
                walk(getattr(value, name))
        elif isinstance(value, dict):
            list(map(walk, value.values()))
        elif isinstance(value, tuple):
            list(map(walk, value))

    def below(cls: type) -> list[type]:
        return [cls, *(each for child in cls.__subclasses__() for each in below(child))]

    walk(course)
    known = {f"{cls.__name__}.{name}" for cls in below(term.Table) for name in cls.model_fields}
    abstract = {name for name in known if name.partition(".")[0] == "Part" or name.partition(".")[0] == "Outcome"}
    if known - abstract - there:
        raise SystemExit(f"every-key/course.toml lacks {sorted(known - abstract - there)}")
    return sorted(known)


def make_results() -> None:
    """Three results of a recipe, and the table that the old code made of them."""
    shutil.rmtree(HERE / "results", ignore_errors=True)
    package = Path(lab_format.__file__).parents[3]
    shutil.copytree(package / "results" / RECIPE, HERE / "results" / RECIPE, ignore=shutil.ignore_patterns("*.png", "*.txt"))
    table = HERE / "expected" / "results.md"
    practicum("results", "--only-table", "--folder", str(HERE / "results"), "--table", str(table), cwd=HERE)


def names() -> dict[str, object]:
    """Return the names that users have: commands, options, keys, headings, tables, variables."""
    root = typer.main.get_command(app)

    def commands(command: object, path: str) -> dict[str, object]:
        inside = getattr(command, "commands", None)
        if inside is None:
            options = [
                name for each in command.params if each.param_type_name == "option" for name in each.opts + each.secondary_opts
            ]
            arguments = sum(each.param_type_name == "argument" for each in command.params)
            return {path: {"options": sorted(options), "arguments": arguments}}
        return {key: value for name, each in inside.items() for key, value in commands(each, f"{path} {name}".strip()).items()}

    package = Path(lab_format.__file__).parents[1]
    variables = {name for path in package.rglob("*.py") for name in re.findall(r"\bPRACTICUM_[A-Z]+\b", path.read_text())}
    return {
        "commands": commands(root, ""),
        "course.toml": every_key(),
        "lab.toml": sorted([*lab_format.Lab.model_fields, *(f"limits.{key}" for key in lab_format.Limits.model_fields)]),
        "csv": {
            "teams.csv": list(files.TEAMS),
            "extensions.csv": list(files.EXTENSIONS),
            "exemptions.csv": list(files.EXEMPTIONS),
            "marks.csv": list(files.MARKS),
        },
        "roster.csv": {key: list(value) for key, value in roster._OWN.columns.items()},
        "events": sorted(each.__name__ for each in events.Event.__args__),
        "tables": {name: sorted(column.name for column in table.columns) for name, table in tables.Base.metadata.tables.items()},
        "result": {each.__name__: list(each.__struct_fields__) for each in (GradedSubmission, CheckResult, Provenance)},
        "recipes": {name: sorted(recipes.knobs(recipes.load(name))) for name in recipes.names()},
        "environment": sorted(variables - {"PRACTICUM_TOKEN"}),
    }


def main() -> None:
    """Make everything."""
    make_labs()
    make_workspace()
    tidy(WORKSPACE / "practicum.db")
    make_expected(HERE / "scratch")
    make_handouts()
    make_results()
    (HERE / "names.json").write_text(json.dumps(names(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(datetime.now().isoformat(timespec="seconds"), "done")


if __name__ == "__main__":
    main()
