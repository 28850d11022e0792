"""Where datasets lie: `$PRACTICUM_DATA`, the cache, a packaged sample, or the pinned address to download them from.

Every file is checked against its sha256 each time it is found, so that nothing corrupt, truncated or replaced is read:
some of the sets are pickles, and a wrong byte in a picture is worse than an error.
"""

import gzip
import hashlib
import os
import shutil
import sys
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from practicum.errors import PracticumError

SAMPLES = Path(__file__).parent / "samples"
_said: set[str] = set()


@dataclass(frozen=True)
class File:
    """One file of a dataset.

    Attributes:
        name: its name in the dataset's folder.
        sha256: of its content, as 64 hex digits. For a `.gz` file, of what is inside: the same data are about in several
            compressions.
        url: where it can be downloaded, or None where no lasting address is known.
        size: in bytes; asked of the disk before a download.
    """

    name: str
    sha256: str
    url: str | None = None
    size: int = 0


@dataclass(frozen=True)
class Dataset:
    """What a dataset is and where it comes from.

    Attributes:
        name: its folder below `$PRACTICUM_DATA` and the cache.
        title: one line for people.
        licence: under which it may be used.
        source: who made it: paper or page.
        files: all of them are needed, and each is checked.
        sample: names of the packaged sample's files in `data/samples`; empty where it may not be packaged.
    """

    name: str
    title: str
    licence: str
    source: str
    files: tuple[File, ...]
    sample: tuple[str, ...] = ()


def cache() -> Path:
    """Return the folder that downloads go to: `$XDG_CACHE_HOME/practicum` or `~/.cache/practicum`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "practicum"


def homes() -> list[Path]:
    """Return the folders that are searched for datasets, first one first."""
    given = os.environ.get("PRACTICUM_DATA")
    if given and not Path(given).is_dir():
        raise PracticumError(f"expected a folder in PRACTICUM_DATA, got {given}, which is not there")
    return [*([Path(given)] if given else []), cache()]


def find(dataset: Dataset) -> Path | None:
    """Return the folder that holds the full dataset, or None if it is nowhere.

    Raises:
        PracticumError: a file is missing from the set, or is not the file that was published.
    """
    for home in homes():
        folder = home / dataset.name
        missing = [file.name for file in dataset.files if not (folder / file.name).is_file()]
        if len(missing) == len(dataset.files):
            continue
        if missing:
            raise PracticumError(f"{folder}: incomplete, without {', '.join(missing)}. {how_to_get(dataset)}")
        for file in dataset.files:
            _check(folder / file.name, file, dataset)
        return folder
    return None


def need(dataset: Dataset) -> Path:
    """Return the folder of a dataset that has no packaged sample.

    Raises:
        PracticumError: it is not here; the message says how to get it.
    """
    folder = find(dataset)
    if folder is None:
        looked = " and ".join(str(home / dataset.name) for home in homes())
        raise PracticumError(
            f"{dataset.title} is not here (looked in {looked}), and no sample of it is packaged (licence: {dataset.licence}). "
            + how_to_get(dataset)
        )
    return folder


def sample(dataset: Dataset) -> tuple[Path, ...]:
    """Return the files of the packaged sample, and says once that it is only a sample."""
    say_once(f"{dataset.name}: using the small packaged sample. {how_to_get(dataset)}")
    return tuple(SAMPLES / name for name in dataset.sample)


def say_once(text: str) -> None:
    """Tell the user something on stderr, once per process."""
    if text not in _said:
        _said.add(text)
        print(text, file=sys.stderr)


def fetch(dataset: Dataset, *, progress: bool = True) -> Path:
    """Download a dataset into the cache and return its folder; what is already there is kept.

    Files arrive under a temporary name and move into place only once their sha256 is right, so Ctrl-C leaves nothing
    half-written.

    Raises:
        PracticumError: no address is known, no network, no space, or what came is not what was published.
    """
    import pooch

    folder = cache() / dataset.name
    folder.mkdir(parents=True, exist_ok=True)
    needed = sum(file.size for file in dataset.files)
    if needed > (free := shutil.disk_usage(folder).free):
        raise PracticumError(f"{folder}: expected {needed:,} free bytes for {dataset.name}, got {free:,}")
    for file in dataset.files:
        path = folder / file.name
        if path.is_file() and _sha256(path) == file.sha256:
            continue
        if file.url is None:
            raise PracticumError(
                f"no lasting address is known for {file.name} of {dataset.name}. "
                f"Its source: {dataset.source}. Put it into {folder}."
            )
        with TemporaryDirectory(dir=folder, prefix=".download-") as place:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    got = pooch.retrieve(
                        file.url, known_hash=None, path=place, fname=file.name, progressbar=progress and sys.stderr.isatty()
                    )
            except OSError as error:
                raise PracticumError(
                    f"{file.url}: not downloaded ({type(error).__name__}: {error}). Nothing was changed in {folder}."
                ) from None
            _check(Path(got), file, dataset, came_from=file.url)
            os.replace(got, path)
    return folder


def _check(path: Path, file: File, dataset: Dataset, came_from: str | None = None) -> None:
    found = _sha256(path)
    if found != file.sha256:
        raise PracticumError(
            f"{came_from or path}: not the published file of {dataset.name}: "
            f"expected sha256 {file.sha256}, got {found} ({path.stat().st_size:,} bytes)."
            + ("" if came_from else f" Delete it. {how_to_get(dataset)}")
        )


def _sha256(path: Path) -> str:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        return f"none: not a whole gzip file ({error})"


def how_to_get(dataset: Dataset) -> str:
    """Return a sentence that says how to get the full set."""
    if all(file.url for file in dataset.files):
        return (
            f"For the full set: `practicum data fetch {dataset.name}`, "
            f"or set PRACTICUM_DATA to a folder that holds {dataset.name}/."
        )
    return f"For the full set, set PRACTICUM_DATA to a folder that holds {dataset.name}/ (from {dataset.source})."
