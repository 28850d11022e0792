"""What grades: worker processes on this machine, or a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from practicum.errors import PracticumError
from practicum.grading.grade import Backend, Backends
from practicum.labs.lab import Lab
from practicum.labs.libraries import lacking
from practicum.sandbox import bwrap
from practicum.sandbox.bwrap import Mode


def backends(jobs: int | None, scheduler: str | None, unsafe: bool, private: Iterable[Path] = ()) -> Backends:
    """Return what grades.

    Args:
        jobs: worker processes on this machine; None means one per core.
        scheduler: address of a Dask scheduler, which is then used instead.
        unsafe: grade without a sandbox.
        private: files and folders that the sandbox must not show; the lab is looked at anyway.

    Raises:
        PracticumError: a scheduler is named and Dask is not installed, this machine lacks a library of the lab, for which the
            whole class would pay, or the sandbox would show what is private. It is raised when the backend is made.
    """
    mode: Mode = "unsafe" if unsafe else "nested"

    def make(lab: Lab) -> AbstractContextManager[Backend]:
        if not unsafe:
            for path in private:
                bwrap.refuse_visible(path)
        if scheduler is None:
            from practicum.grading.pool import Pool

            if problem := lacking(f"grading {lab.name}", lab.libraries):
                raise PracticumError(problem)
            return Pool(lab.folder, jobs or os.cpu_count() or 1, mode)
        try:
            from practicum.grading.dask import Cluster
        except ImportError:
            raise PracticumError("--scheduler needs dask and distributed: pip install 'practicum[dask]'") from None
        return Cluster(scheduler, lab, mode)

    return make
