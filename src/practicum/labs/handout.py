"""What is made from a lab: the handout for students, and the files a perfect student submits."""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from practicum.errors import PracticumError
from practicum.labs.lab import Lab, files_in, source_name
from practicum.labs.libraries import install_line, packages
from practicum.labs.notebook import build_notebook
from practicum.labs.public_checks import public_checks
from practicum.labs.solution_markers import handed_out, solved
from practicum.labs.solution_markers.near import markers_in

_MARK = ".practicum-handout"  # tells a folder that may be built anew from one that someone works in


def solution_files(lab: Lab, changed: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """Return the lab's own solution as it would be submitted, by the names in `submit`.

    Args:
        lab: The lab.
        changed: Text to use instead of that of files in `source/`, by their names there.
    """
    files = {}
    for name in lab.submit:
        source = source_name(name)
        text = changed[source] if changed and source in changed else read_source(lab, source)
        notebook = name.endswith(".ipynb")
        plain = solved(text, str(lab.source / source), notebook=notebook)
        files[name] = build_notebook(plain) if notebook else plain.encode()
    return files


def starter_files(lab: Lab) -> dict[str, bytes]:
    """Return the files of `submit` as students receive them: solutions taken out, and in a notebook first what to install."""
    install = f"To begin, run once in a cell of its own: `%{_install(lab)}` (Python 3.11 or newer)."
    files = {}
    for name in lab.submit:
        source = source_name(name)
        notebook = name.endswith(".ipynb")
        plain = handed_out(read_source(lab, source), str(lab.source / source), notebook=notebook)
        files[name] = build_notebook(plain, first=install) if notebook else plain.encode()
    return files


def given_files(lab: Lab) -> dict[str, bytes]:
    """Return the files of `source/` that are not submitted: students receive them, and the grader uses its own copy."""
    made = {source_name(name) for name in lab.submit}
    return {name: path.read_bytes() for name, path in files_in(lab.source) if name not in made}


def marker_mistakes(lab: Lab) -> list[str]:
    """Return the solution's markers, exact or not quite, in files from which nothing is taken out, one line each."""
    source = {str(lab.source / name): data for name, data in given_files(lab).items()}
    public = {str(lab.checks / name): data for name, data in public_checks(lab).items()}
    sheet = lab.folder / "README.md"
    return [
        f"{name}:{line}: expected no marker of a solution in a file that is handed out as it is, got `{text[:80]}`"
        for name, data in {**source, **public, str(sheet): sheet.read_bytes()}.items()
        for line, text in markers_in(data, name)
    ]


def handout_files(lab: Lab) -> dict[str, bytes]:
    """Return everything students receive, by path in the handout.

    Raises:
        PracticumError: The lab is wrong, or the marker of a solution would be handed out.
    """
    if mistakes := marker_mistakes(lab):
        raise PracticumError("\n".join(mistakes))
    files = {"README.md": _task_sheet(lab), "lab.toml": _for_check(lab)}
    files |= {f"checks/{name}": data for name, data in public_checks(lab).items()}
    for name, data in (given_files(lab) | starter_files(lab)).items():
        if name in files:
            raise PracticumError(f"{lab.source / name}: expected a name that the handout does not need itself")
        files[name] = data
    return dict(sorted(files.items()))


def _install(lab: Lab) -> str:
    return install_line(["practicum", *packages(lab.libraries)])


def _task_sheet(lab: Lab) -> bytes:
    """Return the task sheet, which begins with what to install."""
    sheet = (lab.folder / "README.md").read_bytes()
    line = f"To begin: Python 3.11 or newer, `{_install(lab)}`, and then `practicum check` in this folder."
    title, _, rest = sheet.partition(b"\n") if sheet.startswith(b"# ") else (b"", b"", sheet)
    return b"\n\n".join(filter(None, (title.rstrip(), line.encode(), rest.lstrip(b"\r\n"))))


def _for_check(lab: Lab) -> bytes:
    """Return the handout's own `lab.toml`: what `practicum check` needs, and nothing that tells how the lab is graded."""
    about: dict[str, object] = {"name": lab.name, "title": lab.title, "submit": list(lab.submit), "points": float(lab.points)}
    about |= {"libraries": list(lab.libraries)} if lab.libraries else {}
    about |= {"given": sorted(given_files(lab))}
    limits = lab.limits.model_dump(mode="json")
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in about.items()]
    lines += ["", "[limits]", *(f"{key} = {json.dumps(value)}" for key, value in limits.items())]
    return "".join(f"{line}\n" for line in lines).encode()


def build_handout(lab: Lab, into: Path, *, force: bool = False) -> Path:
    """Write the handout as a folder and, beside it, as a zip. Both appear whole or not at all.

    Args:
        lab: The lab.
        into: The folder to make. One that holds an earlier handout is replaced.
        force: Replace the folder whatever it holds.

    Returns:
        The zip, which has the same bytes whenever the lab is the same.

    Raises:
        PracticumError: The lab is wrong, or `into` holds something else.
    """
    files = handout_files(lab)
    into = Path(into).absolute()
    zipped = into.with_name(f"{into.name}.zip")
    for folder in (into, *into.parents):
        if folder.exists() and not folder.is_dir():
            raise PracticumError(f"{folder}: expected a folder to build in, got a file")
    if zipped.is_dir():
        raise PracticumError(f"{zipped}: expected a free name for the handout's zip, got a folder")
    if into.is_dir() and any(into.iterdir()) and not (into / _MARK).is_file() and not force:
        raise PracticumError(f"{into}: expected an empty folder or an earlier handout, got something else; it was left")
    draft = into.parent / f".{into.name}.{secrets.token_hex(6)}"
    old = draft.with_name(f"{draft.name}.old")
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        for name, data in {**files, _MARK: f"{lab.name}\n".encode()}.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(data)
        draft_zip = draft.with_name(f"{draft.name}.zip")
        draft_zip.write_bytes(_zip(lab.name, files))
        if into.exists():
            into.rename(old)
        draft.rename(into)
        os.replace(draft_zip, zipped)
    except OSError as error:
        raise PracticumError(f"{into}: the handout cannot be written ({error.strerror})") from None
    finally:
        if old.exists() and not into.exists():
            old.rename(into)
        for left in (draft, old):
            shutil.rmtree(left, ignore_errors=True)
        draft.with_name(f"{draft.name}.zip").unlink(missing_ok=True)
    return zipped


def read_source(lab: Lab, name: str) -> str:
    """Return a text file of `source/`, with its lines ending in a plain newline."""
    try:
        return (lab.source / name).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PracticumError(f"{lab.source / name}: expected text in UTF-8, got {error.reason}") from None


def _zip(folder: str, files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(f"{folder}/{name}")  # its date is that of 1980, whenever it is built
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()
