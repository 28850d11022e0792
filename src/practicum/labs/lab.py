"""A lab: the folder that holds its task sheet, solution, checks and mutants. See `docs/labs.md`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from practicum.curriculum import MISSING, find_curriculum
from practicum.errors import PracticumError, suggestion
from practicum.labs.lab_hash import former_hashes, lab_hash
from practicum.toml import Document

_SUBMIT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\.(py|ipynb)")
TAKEN = frozenset({"exists", "loaded", "module", "seed", "tensor"})
"""What `student` has of its own in a check (`practicum.sandbox.proxy.StudentCode`): no module can be reached by these names."""

_MODULE_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def _submit_name(name: str) -> str:
    if not _SUBMIT_NAME.fullmatch(name) or (name.endswith(".py") and "-" in name):
        raise ValueError("expected a plain file name that Python can import, like 'modules.py' or 'linear-regression.ipynb'")
    if module_name(name) in TAKEN:
        raise ValueError(
            f"expected a name that checks can reach as `student.NAME`, and `student.{module_name(name)}` is Practicum's own"
        )
    return name


def _library(name: str) -> str:
    if not _MODULE_NAME.fullmatch(name):
        raise ValueError("expected the name of a module, like 'numpy'")
    return name


Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0, le=1_000_000)]
SubmitName = Annotated[str, AfterValidator(_submit_name)]
Library = Annotated[str, AfterValidator(_library)]


class Limits(BaseModel):
    """What a submission may use. Seconds, MiB and KiB as the names say."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cpu_seconds: Seconds = 60.0
    wall_seconds: Seconds = 120.0
    import_seconds: Seconds = 30.0
    memory_mib: Count = 1024
    processes: Count = 32
    disk_mib: Count = 64
    open_files: Count = 128
    output_kib: Count = 1024
    threads: Count = 1


class Lab(BaseModel):
    """A lab as its `lab.toml` describes it, and where it lies. Made by `load_lab`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    title: Text
    summary: str = ""
    topics: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    points: Annotated[Decimal, Field(strict=False, gt=0, allow_inf_nan=False)]
    submit: Annotated[tuple[SubmitName, ...], Field(strict=False, min_length=1)]
    libraries: Annotated[tuple[Library, ...], Field(strict=False)] = ()
    limits: Limits = Limits()

    _folder: Path = PrivateAttr()
    _sha256: str = PrivateAttr()
    _former: frozenset[str] = PrivateAttr()

    @field_validator("submit")
    @classmethod
    def _one_module_each(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        # Compared without case, because some file systems do.
        modules = [module_name(name).lower() for name in names]
        for module in modules:
            if modules.count(module) > 1:
                raise ValueError(f"expected names that give different modules (more than one gives {module!r})")
        return names

    @property
    def folder(self) -> Path:
        """Where the lab lies."""
        return self._folder

    @property
    def name(self) -> str:
        """The folder's name, by which commands know the lab."""
        return self._folder.name

    @property
    def source(self) -> Path:
        """The folder with the author's full solution."""
        return self._folder / "source"

    @property
    def checks(self) -> Path:
        """The folder with the pytest files."""
        return self._folder / "checks"

    @property
    def sha256(self) -> str:
        """Hash of what points depend on, as it was loaded; see `practicum.labs.lab_hash`."""
        return self._sha256

    def is_version(self, sha256: str) -> bool:
        """Return whether a hash that was kept with a run or a result stands for the lab as it was loaded."""
        return sha256 == self._sha256 or sha256 in self._former


def without_checks(name: str) -> Lab:
    """Return what stands for an item that no check grades, such as a report, where submissions are read: it asks for no file."""
    lab = Lab.model_construct(title=name, points=Decimal(1), submit=())
    lab._folder, lab._sha256, lab._former = Path(name), "", frozenset()
    return lab


def module_name(submit: str) -> str:
    """Return the module by which checks reach a submitted file: `linear-regression.ipynb` is `linear_regression`."""
    return submit.rpartition(".")[0].replace("-", "_")


def source_name(submit: str) -> str:
    """Return the file in `source/` a submitted file is made from: a notebook from its percent source."""
    return submit.rpartition(".")[0] + ".py"


def files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files under a folder with their `/`-separated names, sorted, without dotfiles and `__pycache__`."""
    found = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in parts):
            found.append(("/".join(parts), path))
    yield from sorted(found)


def load_lab(path: Path) -> Lab:
    """Load a lab from its folder.

    Raises:
        PracticumError: `lab.toml` is wrong, or a file it needs is missing. The message has one line per mistake.
    """
    folder = Path(path).resolve()
    toml = folder / "lab.toml"
    document = Document.read(toml)
    lab = document.into(Lab)
    files = list(files_in(folder))
    # Settings that are left out stay out, so that a key which a later version adds changes no lab that lacks it.
    settings = lab.model_dump(mode="json", exclude={"title", "summary", "topics"}, exclude_defaults=True)
    lab._folder, lab._sha256 = folder, lab_hash(settings, files)
    lab._former = former_hashes(folder, files, lab._sha256)
    mistakes = list(_missing_files(lab, document.place("submit")))
    if mistakes:
        raise PracticumError("\n".join(mistakes))
    return lab


def _missing_files(lab: Lab, submit: str) -> Iterator[str]:
    """Yield what the folder lacks, one message each."""
    given = [name for name, _ in files_in(lab.source)]
    for name in lab.submit:
        needed = source_name(name)
        if needed not in given:
            yield (f"{submit}: expected source/{needed} for `{name}` in submit, got no such file{suggestion(needed, given)}")
        if name != needed and name in given:
            yield (f"{lab.source / name}: expected the notebook only as percent source in source/{needed}, got both; remove one")
    if not (lab.folder / "README.md").is_file():
        yield f"{lab.folder / 'README.md'}: expected the task sheet, got no such file"
    if not any(lab.checks.glob("test_*.py")):
        yield f"{lab.checks}: expected at least one test_*.py, got none"


def lab_folders() -> dict[str, Path]:
    """Return the labs by name: every folder with a `lab.toml` in `curriculum/labs/` and in the `labs/` of the workspace around
    the current folder, whose own come first. Without a curriculum, the workspace's alone.
    """
    from practicum.course.workspace import NoWorkspace, find  # a worker, which loads one lab, knows no course

    shipped = find_curriculum()
    homes = [shipped / "labs"] if shipped else []
    with suppress(NoWorkspace):
        homes.append(find().labs)
    found = {path.parent.name: path.parent for home in homes for path in home.glob("*/lab.toml")}
    return dict(sorted(found.items()))


def list_labs() -> list[Lab]:
    """Return all labs of the workspace and the curriculum, by name.

    Raises:
        PracticumError: One of them does not load.
    """
    return [load_lab(folder) for folder in lab_folders().values()]


def find_lab(name_or_path: str | Path) -> Lab:
    """Load a lab by its name in the workspace or the curriculum, or by the path to its folder.

    Raises:
        PracticumError: There is no such lab (the message lists those there are), or it does not load.
    """
    text = str(name_or_path)
    folders = lab_folders()
    if text in folders:
        return load_lab(folders[text])
    path = Path(name_or_path)
    if path.name == "lab.toml":
        path = path.parent
    if (path / "lab.toml").is_file():
        return load_lab(path)
    if path.is_dir():
        raise PracticumError(f"{path}: expected a lab folder with a lab.toml, got a folder without one")
    known = f"the labs are: {', '.join(folders) or 'none yet'}" if find_curriculum() else MISSING
    raise PracticumError(
        f"expected the name of a lab or the path to its folder, got `{text}`{suggestion(text, folders)}; {known}"
    )
