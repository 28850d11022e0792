"""The student's objects, by number: what a request asks is done here, and only plain data or a number goes back."""

from __future__ import annotations

import builtins
import importlib
import itertools
import linecache
import operator
import os
import random
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import cells
from .data import as_array, functions_of, items_of, own_names
from .messages import Failure, Handle, Own, Request, Response, Tensor

MAX_ITEMS = 100_000
_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_CONTAINERS = (list, tuple, set, frozenset, dict)


class NotFound(Exception):
    """A module or a name that the submission does not have."""


class Objects:
    """Answers requests about the student's code.

    Args:
        folder: where the student's files lie; tracebacks show only lines of files in it.
        notebooks: module name → cells of plain Python, for notebooks, which are run instead of imported.
    """

    def __init__(self, folder: str, notebooks: dict[str, list[str]]) -> None:
        self.folder = folder
        self.notebooks = notebooks
        self.objects: dict[int, Any] = {}
        self.next = itertools.count(1)
        self.failed_imports: dict[str, BaseException] = {}
        self.modules: dict[str, Any] = {}
        self.runners: dict[str, cells.Runner] = {}

    def answer(self, request: Request) -> Response:
        """Do what a request asks; an exception of the student's code becomes a `Failure`."""
        for number in request.release:
            self.objects.pop(number, None)
        try:
            if request.seed is not None:
                seed(request.seed)
            value = getattr(self, "do_" + request.op)(request)
            return Response(request.id, self.keep(value) if request.as_handle else value)
        except BaseException as error:  # the student's code may raise anything, SystemExit included
            return Response(request.id, failure=self.failure(error))

    def keep(self, value: Any) -> Handle:
        """Remember an object and return its number."""
        number = next(self.next)
        self.objects[number] = value
        return Handle(number, str(type(value).__name__)[:80], functions_of(value, self.folder))

    def plain(self, value: Any, depth: int = 0, flat: bool = False) -> Any:
        """Return the value as plain data where it is plain through and through.

        Args:
            value: the value.
            depth: of nesting.
            flat: an object that is more than its data, too, comes as its data alone.

        Raises:
            TypeError: it is not; the caller keeps it as a handle.
        """
        kind = type(value)
        if kind in _PLAIN or kind in (np.ndarray, Handle, slice, type(Ellipsis)):
            if kind is np.ndarray and value.dtype.hasobject:
                raise TypeError("an array of Python objects")
            return value
        if depth > 30:
            raise TypeError("nested too deep")
        if not flat and kind not in _CONTAINERS and (names := own_names(value, self.folder)) is not None:
            return Own(self.keep(value), self.plain(value, depth, flat=True), names)
        if isinstance(value, np.generic):
            return value
        if isinstance(value, np.ndarray):  # a matrix, a masked array: as the base class sees it
            return np.array(value, subok=False)
        tensor = as_array(value)
        if tensor is not None:
            return tensor
        if isinstance(value, _CONTAINERS):
            if len(value) > MAX_ITEMS:
                raise TypeError("too many items")
            if isinstance(value, dict):
                return {self.plain(k, depth + 1, flat=True): self.plain(v, depth + 1) for k, v in dict.items(value)}
            items = [self.plain(item, depth + 1) for item in items_of(value)]
            return items if isinstance(value, list) else tuple(items) if isinstance(value, tuple) else set(items)
        bases: tuple[Any, ...] = (int, float, complex, str, bytes)
        for base in bases:
            if isinstance(value, base):
                return base(value)
        raise TypeError(f"a {kind.__name__}")

    def other(self, value: Any) -> Any:
        """Return what crosses in place of a value: its plain form, or a handle for the whole."""
        try:
            return self.plain(value)
        except TypeError:
            return self.keep(value)

    def real(self, value: Any) -> Any:
        """Return an argument as the student's code receives it: handles and tensors replaced by what they stand for."""
        kind = type(value)
        if kind is Handle:
            return self.objects[value.id]
        if kind is Tensor:
            import torch

            return torch.tensor(value.array, requires_grad=value.requires_grad)
        if kind in (list, tuple, set):
            return kind(self.real(item) for item in value)
        if kind is dict:
            return {self.real(k): self.real(v) for k, v in value.items()}
        return value

    def failure(self, error: BaseException) -> Failure:
        """Describe an exception by its type, its message and the student's own lines."""
        lines = []
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename.startswith((self.folder, "<cell")):
                name = frame.filename.removeprefix(self.folder).lstrip("/\\")
                lines.append(f"{name}:{frame.lineno} in {frame.name}: {(frame.line or '').strip()[:200]}")
        if isinstance(error, SyntaxError) and error.filename:
            name = str(error.filename).removeprefix(self.folder).lstrip("/\\")
            lines.append(f"{name}:{error.lineno}: {(error.text or '').strip()[:200]}")
        try:
            message = str(error)[:2000]
        except BaseException:
            message = "(its message could not be made)"
        missing = isinstance(error, (NotFound, NotImplementedError))
        kind = type.__dict__["__name__"].__get__(type(error))  # a metaclass may have a `__name__` of its own
        return Failure(_text(kind, 80), _text(message, 2000), _text("\n".join(lines[-8:]), 4000), missing)

    # What a request may ask. Each takes the request and returns a value.

    def do_module(self, request: Request) -> Any:
        """Import a module of the submission, or run its notebook, once."""
        name = str(request.name)
        if name in self.failed_imports:  # it would fail again, and cost its time again
            raise self.failed_imports[name]
        if name in self.runners:
            self.runners[name].close()
        elif name not in self.modules:
            try:
                if name in self.notebooks:
                    self.modules[name] = cells.run(name, self.notebooks[name])
                else:
                    sys.argv[:] = [f"{name}.py"]
                    self.modules[name] = importlib.import_module(name)
            except ModuleNotFoundError as error:
                problem: BaseException = NotFound(f"there is no {name}.py") if error.name == name else error
                self.failed_imports[name] = problem.with_traceback(error.__traceback__)
                raise problem from None
            except BaseException as error:
                self.failed_imports[name] = self._encoding(name, error) or error
                raise self.failed_imports[name] from None
            finally:
                cells.flush()
        return self.modules[name]

    def _encoding(self, name: str, error: BaseException) -> Exception | None:
        """Return what to say in the place of an error where a file is not in Python's encoding."""
        if isinstance(error, (SyntaxError, ValueError)) and ("null bytes" in str(error) or "utf-8" in str(error)):
            for file in [f"{name}.py", *sorted(os.listdir(self.folder))]:  # the error does not always name one
                path = os.path.join(self.folder, file)
                if file.endswith(".py") and os.path.isfile(path):
                    with open(path, "rb") as f:
                        if cells.is_utf16(f.read(2000)):
                            return UnicodeError(f"{file} is saved in UTF-16; save it as UTF-8, which Python reads")
        return None

    def do_notebook(self, request: Request) -> None:
        """Begin to run a notebook, of which each cell is asked for by itself."""
        name = str(request.name)
        self.runners[name] = cells.Runner(name, self.notebooks[name])
        self.modules[name] = self.runners[name].module

    def do_cell(self, request: Request) -> None:
        """Run a cell."""
        self.runners[str(request.name)].run(int(request.args))

    def do_skip(self, request: Request) -> None:
        """Leave a cell out, for a reason."""
        number, reason = request.args
        self.runners[str(request.name)].skip(number, reason)

    def _target(self, request: Request) -> Any:
        target = self.objects[request.handle]
        if type(target) is cells.Notebook:  # of several, the one whose turn it is
            sys.modules["__main__"] = target
        return target

    def _attribute(self, target: Any, name: str) -> Any:
        try:
            return getattr(target, name)
        except AttributeError as error:
            if error.obj is not target or error.name != name:
                raise  # raised inside the student's own code
            reason = cells.failures(target) if type(target) is cells.Notebook else ""
            what = target.__notebook__ if type(target) is cells.Notebook else getattr(target, "__name__", type(target).__name__)
            raise NotFound(f"{what} has no {name!r}{reason}") from None

    def do_get(self, request: Request) -> Any:
        """Return an attribute."""
        return self._attribute(self._target(request), request.name)

    def do_set(self, request: Request) -> None:
        """Set an attribute."""
        setattr(self._target(request), request.name, self.real(request.args))

    def do_item(self, request: Request) -> Any:
        """`target[key]`."""
        return self._target(request)[self.real(request.name)]

    def do_set_item(self, request: Request) -> None:
        """`target[key] = value`."""
        operator.setitem(self._target(request), self.real(request.name), self.real(request.args))

    def do_call(self, request: Request) -> Any:
        """Call the target, or its method of that name."""
        target = self._target(request)
        function: Callable[..., Any] = self._attribute(target, request.name) if request.name else target
        return function(*self.real(list(request.args or ())), **self.real(request.kwargs or {}))

    def do_len(self, request: Request) -> int:
        """`len(target)`."""
        return len(self._target(request))

    def do_iterate(self, request: Request) -> Handle:
        """Return an iterator over the target."""
        source: Iterable[Any] = self._target(request)
        return self.keep(iter(source))

    def do_next(self, request: Request) -> list[Any]:
        """Return the next few items of an iterator; fewer than asked means the end."""
        return [self.other(item) for item in itertools.islice(self._target(request), int(request.args))]

    def do_plain(self, request: Request) -> Any:
        """Return the target as plain data, lists and arrays made of what can be iterated."""
        target = self._target(request)
        try:
            return self.plain(target, flat=True)
        except TypeError:
            if hasattr(type(target), "__array__"):
                return self.plain(np.asarray(target))
            return self.plain(list(itertools.islice(target, MAX_ITEMS)))

    def do_write(self, request: Request) -> None:
        """Write into the array that the attribute of that name holds at a key."""
        key, array = request.args
        self._attribute(self._target(request), request.name)[self.real(key)][...] = array

    def do_loaded(self, request: Request) -> list[str]:
        """Return which of these modules are loaded."""
        return [name for name in request.args if name in sys.modules]

    def do_exists(self, request: Request) -> bool:
        """Return whether a dotted name exists below the target."""
        value = self._target(request)
        for part in str(request.name).split("."):
            if not hasattr(value, part):
                return False
            value = getattr(value, part)
        return True


def _text(text: str, longest: int) -> str:
    """Return a text that can be encoded: a lone surrogate cannot."""
    return str(text)[:longest].encode("utf-8", "backslashreplace").decode()


def seed(number: int) -> None:
    """Seed `random`, NumPy and, where it is loaded, PyTorch."""
    random.seed(number)
    np.random.seed(number % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(number)


def prepare(folder: str) -> None:
    """Make a process ready for student code: where it imports from, and that nobody answers its questions."""
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    linecache.clearcache()
    builtins.input = cells.no_input
