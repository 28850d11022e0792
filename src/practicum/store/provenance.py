"""With what results are made: the lab, the seed, the versions; and where what is there was made with something else."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from practicum.errors import PracticumError
from practicum.labs.lab import Lab
from practicum.store.results import Provenance

if TYPE_CHECKING:  # a worker knows no database
    from practicum.store.records import Run, StoredResult

SEEDS = 1 << 62  # too many to try, also where no secret of the store stands beside them
FEW_SEEDS = 1 << 48  # that could be tried


def limits_of(lab: Lab) -> dict[str, float]:
    """Return a lab's limits by name, in the units that the names say."""
    return {name: float(value) for name, value in lab.limits.model_dump().items()}


def libraries_of(lab: Lab) -> list[str]:
    """Return what the fork server imports for a lab."""
    return ["numpy", *lab.libraries]


def conditions(lab: Lab, runs: Iterable[Run], seed: int | None = None) -> Provenance:
    """Return what the lab is graded with now; the seed is the one given, else that of the last run, else a new one.

    Args:
        lab: the lab.
        runs: of the lab so far, the oldest first.
        seed: of the hidden inputs.

    Raises:
        PracticumError: there is no such seed.
    """
    if seed is None:
        earlier = [run for run in runs if run.kind == "grade" or run.status == "published"]
        earlier.sort(key=lambda run: lab.is_version(run.lab_sha256))  # of this very lab before others
        seed = earlier[-1].seed if earlier else secrets.randbelow(SEEDS)
    elif not 0 <= seed < SEEDS:
        raise PracticumError(f"expected a seed from 0 to {SEEDS - 1}, got {seed}")
    return Provenance(lab_sha256=lab.sha256, seed=seed, versions=versions(libraries_of(lab)), limits=limits_of(lab), sandbox="")


def must_agree(run: Run, lab: Lab, seed: int | None) -> None:
    """Refuse to resume a run with another lab or seed.

    Raises:
        PracticumError: one of them is another, with what to do.
    """
    if not lab.is_version(run.lab_sha256):
        raise PracticumError(
            f"{lab.name} has changed since the run of {run.started:%Y-%m-%d %H:%M} UTC began (it was {run.lab_sha256[:12]}, is "
            f"{lab.sha256[:12]}). Put the lab back and resume, or grade without --resume: what is graded stays, the rest "
            f"gets the new lab, and `practicum regrade {lab.name} --preview` shows what it would change for the others"
        )
    if seed is not None and seed != run.seed:
        raise PracticumError(f"the run to resume has seed {run.seed}, not {seed}: leave --seed out, or leave --resume out")


def differences(results: Iterable[StoredResult], now: Provenance, lab: Lab) -> Iterator[str]:
    """Return notes of results that were made otherwise than results would be now."""
    made = [stored.graded.provenance for stored in results]
    counts = {
        "another version of the lab": sum(not lab.is_version(p.lab_sha256) for p in made),
        "another seed": sum(lab.is_version(p.lab_sha256) and p.seed != now.seed for p in made),
        "no sandbox": sum(p.sandbox == "none" for p in made),
    }
    for what, count in counts.items():
        if count:
            many, one = "s" * (count > 1), "s" * (count == 1)
            yield f"{count} result{many} made with {what} stay{one}; see `practicum regrade {lab.name} --preview`"


def guessable(now: Provenance, lab: Lab) -> Iterator[str]:
    """Return a note where a seed is so small that a submission can find it by trying; for a store that has no secret."""
    if now.seed < FEW_SEEDS:
        yield (
            f"a submission can find the seed {now.seed} by trying, and with it the hidden inputs (this store is from before "
            f"stores had secrets): `practicum regrade {lab.name} --seed {secrets.randbelow(SEEDS)}` draws others"
        )


def versions(libraries: list[str]) -> dict[str, str]:
    """Return versions of Python and of the named libraries, for provenance."""
    import importlib.metadata
    import platform

    found: dict[str, Any] = {"python": platform.python_version()}
    for name in dict.fromkeys(["practicum", *(lib.split(".")[0] for lib in libraries)]):
        distribution = {"sklearn": "scikit-learn"}.get(name, name)
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(distribution)
    return found
