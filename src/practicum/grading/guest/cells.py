"""Runs a notebook's cells in one namespace, top to bottom, and stands in for the front end that is not there."""

from __future__ import annotations

import builtins
import linecache
import os
import sys
import types
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
    return module


def failures(module: Notebook) -> str:
    """Which cells failed, for the message about a name that is missing because of it."""
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


class _Shell:
    """What `get_ipython()` returns: it accepts whatever a notebook tells its front end, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


def stand_ins() -> None:
    """Install a `display`, `get_ipython`, `google.colab` and `practicum.check` that do nothing, and plots without a screen."""
    os.environ["MPLBACKEND"] = "Agg"
    shell = _Shell()
    vars(builtins).update(display=lambda *args, **kwargs: None, get_ipython=lambda: shell)
    colab, google, drive = (types.ModuleType(n) for n in ("google.colab", "google", "google.colab.drive"))
    vars(drive).update(mount=lambda *a, **k: None, flush_and_unmount=lambda *a, **k: None)
    vars(colab).update(drive=drive, files=_Shell(), output=_Shell(), userdata=_Shell(), __path__=[])
    vars(google).update(colab=colab, __path__=[])
    sys.modules.setdefault("google", google)
    sys.modules.update({"google.colab": colab, "google.colab.drive": drive})
    practicum = types.ModuleType("practicum")
    vars(practicum).update(check=lambda *args, **kwargs: None)
    sys.modules["practicum"] = practicum
    _plain_progress_bars()


def _plain_progress_bars() -> None:
    """`tqdm.notebook` wants a widget; where tqdm is there at all, its plain bar takes the place."""
    try:
        import tqdm
    except ImportError:
        return
    for name in ("tqdm.notebook", "tqdm.autonotebook", "tqdm.auto"):
        module = types.ModuleType(name)
        vars(module).update(tqdm=tqdm.tqdm, trange=tqdm.trange, tqdm_notebook=tqdm.tqdm)
        sys.modules[name] = module
        setattr(tqdm, name.split(".")[1], module)
