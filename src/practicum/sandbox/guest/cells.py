"""Runs a notebook's cells in one namespace, top to bottom, and stands in for the front end that is not there."""

from __future__ import annotations

import builtins
import contextlib
import linecache
import os
import sys
import threading
import types
from collections.abc import Iterator
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from typing import Any


class Notebook(types.ModuleType):
    """The namespace of a notebook; `__failed__` maps a cell's number to the exception that ended it."""

    __failed__: dict[int, BaseException]


def run(name: str, cells: list[str]) -> Notebook:
    """Run cells one after the other; a cell that fails does not stop the next, as when a person runs them."""
    module = Notebook(name)
    module.__failed__ = {}
    module.__dict__["__file__"] = os.path.join(os.getcwd(), name + ".ipynb")
    sys.modules.setdefault(name, module)
    for number, source in enumerate(cells, 1):
        label = f"<cell {number} of {name}>"
        linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
        try:
            exec(compile(source, label, "exec"), module.__dict__)
        except BaseException as error:
            module.__failed__[number] = error
        close_figures()
    return module


def failures(module: Notebook) -> str:
    """Return which cells failed, for the message about a name that is missing because of it."""
    if not module.__failed__:
        return ""
    number, error = next(iter(module.__failed__.items()))
    more = f" (and {len(module.__failed__) - 1} more)" if len(module.__failed__) > 1 else ""
    try:
        text = str(error)[:200]
    except BaseException:
        text = ""
    return f"; cell {number}{more} failed with {type(error).__name__}: {text}"


def no_input(prompt: object = "") -> str:
    """Nobody is there to answer."""
    raise EOFError("input() cannot be answered while a submission is graded")


class _Silent:
    """Accepts whatever a notebook tells its front end: every attribute, call, loop and `with` does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        return None


SILENT = _Silent()


class _SilentPackages(Loader):
    """Finds what only a front end has, with all that may be below it, and makes modules of which every name does nothing."""

    roots = ("IPython", "google.colab", "ipywidgets", "matplotlib_inline")

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        found = any(name == root or name.startswith(root + ".") for root in self.roots)
        return ModuleSpec(name, self, is_package=True) if found else None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        module = types.ModuleType(spec.name)
        vars(module).update(__getattr__=lambda name: getattr(SILENT, name))
        if spec.name == "IPython":  # Matplotlib asks for both
            vars(module).update(get_ipython=lambda: SILENT, version_info=(9, 0, 0))
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing in it."""


def stand_ins() -> None:
    """Put silent stand-ins where a notebook's front end would be, and plots where no screen is needed."""
    os.environ["MPLBACKEND"] = "Agg"
    vars(builtins).update(display=SILENT, get_ipython=lambda: SILENT)
    for name in [name for name in sys.modules if name.partition(".")[0] == "IPython"]:
        del sys.modules[name]
    sys.meta_path.insert(0, _SilentPackages())
    google = types.ModuleType("google")
    vars(google).update(__path__=[])
    sys.modules.setdefault("google", google)
    practicum = types.ModuleType("practicum")
    vars(practicum).update(check=lambda *args, **kwargs: None)
    sys.modules["practicum"] = practicum
    _plain_progress_bars()


def close_figures() -> None:
    """Close the plots of a cell, as a notebook does when the cell ends; the next `plt.plot` begins a new one."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        with contextlib.suppress(BaseException):
            pyplot.close("all")


def _plain_progress_bars() -> None:
    """`tqdm.notebook` wants a widget; where tqdm is there at all, its plain bar takes the place.

    A bar needs neither the thread that watches it nor the lock between processes: they keep a process from being forked.
    """
    try:
        import tqdm
    except ImportError:
        return
    tqdm.tqdm.monitor_interval = 0
    tqdm.tqdm.set_lock(threading.RLock())
    for name in ("tqdm.notebook", "tqdm.autonotebook", "tqdm.auto"):
        module = types.ModuleType(name)
        vars(module).update(tqdm=tqdm.tqdm, trange=tqdm.trange, tqdm_notebook=tqdm.tqdm)
        sys.modules[name] = module
        setattr(tqdm, name.split(".")[1], module)
