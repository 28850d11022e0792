"""Runs a notebook's cells in one namespace, top to bottom, and stands in for the front end that is not there."""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import functools
import inspect
import linecache
import operator
import os
import signal
import sys
import threading
import types
from collections.abc import Iterator
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a notebook that awaits nothing does without
    import asyncio


class Interrupted(KeyboardInterrupt):
    """The cell ran longer than its time."""


class Ended(Exception):
    """The cell had ended the program before, and was left out."""


class Notebook(types.ModuleType):
    """The namespace of a notebook, as Jupyter has it: its `__name__` is `__main__`, and no `__file__` is there.

    Attributes:
        __notebook__: its name.
        __failed__: a cell's number → the exception that ended it.
        __sources__: the cells.
    """

    __notebook__: str
    __failed__: dict[int, BaseException]
    __sources__: list[str]

    def __init__(self, name: str, sources: list[str] | None = None) -> None:
        super().__init__("__main__")
        self.__notebook__, self.__failed__, self.__sources__ = name, {}, sources or []


class Runner:
    """Runs the cells of one notebook, one at a time.

    Args:
        name: of the notebook.
        sources: its cells.
    """

    def __init__(self, name: str, sources: list[str]) -> None:
        self.module = Notebook(name, sources)
        self._flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running = False
        sys.modules.setdefault(name, self.module)
        sys.argv[:] = [name + ".ipynb"]
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: object) -> None:
        if self._running:
            raise Interrupted("it ran longer than its time")

    def run(self, number: int) -> None:
        """Run a cell; one that fails does not stop the next, as when a person runs them."""
        source = self.module.__sources__[number - 1]
        label = f"<cell {number} of {self.module.__notebook__}>"
        linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
        sys.modules["__main__"] = self.module  # where pickle, dataclasses and type hints look for what the cell defines
        try:
            self._running = True
            code = compile(source, label, "exec", self._flags, dont_inherit=True)
            self._flags |= code.co_flags & _FUTURES  # what one cell imports from __future__ holds for the next
            result = eval(code, self.module.__dict__)
            if code.co_flags & inspect.CO_COROUTINE:
                self._wait_for(result)
        except BaseException as error:
            self.module.__failed__[number] = error
        finally:
            self._running = False
        close_figures()
        flush()

    def _wait_for(self, cell: Any) -> None:
        """Run what a cell awaits; tasks that it starts go on when the next cell awaits something."""
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(cell)

    def skip(self, number: int, reason: str) -> None:
        """Leave a cell out."""
        self.module.__failed__[number] = Ended(reason)

    def close(self) -> None:
        """Let go of what would keep the process from being forked."""
        if self._loop is not None:
            self._loop.close()
            self._loop = None


_FUTURES = functools.reduce(operator.or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))


def run(name: str, sources: list[str]) -> Notebook:
    """Run all cells of a notebook, one after the other."""
    runner = Runner(name, sources)
    for number in range(1, len(sources) + 1):
        runner.run(number)
    runner.close()
    return runner.module


def failures(module: Notebook) -> str:
    """Return which cells failed, for the message about a name that is missing because of it."""
    if not module.__failed__:
        return ""
    number, error = min(module.__failed__.items(), key=lambda item: item[0])
    more = f" (and {len(module.__failed__) - 1} more)" if len(module.__failed__) > 1 else ""
    try:
        text = str(error)[:200]
    except BaseException:
        text = ""
    first = module.__sources__[number - 1].strip().partition("\n")[0][:60]
    return f"; cell {number}{more} failed with {type(error).__name__}: {text}; it begins with `{first}`"


def flush() -> None:
    """Hand on what was printed, so that it counts where it was printed."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()


def is_utf16(data: bytes) -> bool:
    """Return whether a text is in UTF-16: by the mark at its beginning, or by the zeros that western letters have there."""
    return data[:2] in (b"\xff\xfe", b"\xfe\xff") or (
        len(data) >= 4 and max(data[0::2].count(0), data[1::2].count(0)) > 0.4 * len(data) / 2
    )


def no_input(prompt: object = "") -> str:
    """Nobody is there to answer."""
    raise EOFError("input() cannot be answered while a submission is graded")


class _Silent:
    """Accepts whatever a notebook tells its front end: every attribute, item, call, loop and `with` does nothing.

    As a decorator, with arguments or without, it gives the function back, and as a base class it is none.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        """There is nothing to set."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args[0] if len(args) == 1 and not kwargs and isinstance(args[0], (types.FunctionType, type)) else self

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return ()

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        """There is nothing to set."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        return None


SILENT = _Silent()


_STARRED = {  # what `from … import *` is used for
    "IPython.display": "Audio Code HTML IFrame Image JSON Javascript Latex Markdown Math Pretty SVG Video YouTubeVideo "
    "clear_output display update_display",
    "ipywidgets": "Accordion BoundedFloatText BoundedIntText Box Button Checkbox ColorPicker Combobox DatePicker Dropdown "
    "FloatLogSlider FloatProgress FloatRangeSlider FloatSlider FloatText GridBox GridspecLayout HBox HTML HTMLMath Image "
    "IntProgress IntRangeSlider IntSlider IntText Label Layout Output Play RadioButtons Select SelectMultiple "
    "SelectionRangeSlider SelectionSlider Tab Text Textarea ToggleButton ToggleButtons VBox Valid fixed interact "
    "interact_manual interactive interactive_output jsdlink jslink link",
}


class _SilentPackages(Loader):
    """Finds what only a front end has, with all that may be below it, and makes modules of which every name does nothing."""

    roots = ("IPython", "google.colab", "ipywidgets", "matplotlib_inline")

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        found = any(name == root or name.startswith(root + ".") for root in self.roots)
        return ModuleSpec(name, self, is_package=True) if found else None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        module = types.ModuleType(spec.name)
        vars(module).update(__getattr__=lambda name: getattr(SILENT, name))
        if spec.name in _STARRED:
            vars(module).update(__all__=_STARRED[spec.name].split())
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
