"""The student's code as a check sees it: proxies that ask, and plain data that comes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from practicum.sandbox.guest.messages import Handle, Own, Tensor
from practicum.sandbox.link import Link
from practicum.sandbox.outcome import NoLength, StudentError, clean

MAX_ITEMS = 100_000
MAX_LENGTH = 10_000_000
_CHUNK = 256


class Remote:
    """An object of the student's, which stays in the student's process.

    Attributes, calls, items, `len` and iteration go there; the proxy's own state has names that no field of a lab uses.
    """

    __slots__ = ("_practicum_generation", "_practicum_handle", "_practicum_link")

    def __init__(self, link: Link, handle: Handle) -> None:
        object.__setattr__(self, "_practicum_link", link)
        object.__setattr__(self, "_practicum_handle", handle)
        object.__setattr__(self, "_practicum_generation", link.generation)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # no protocol is guessed at: neither __array__ nor __float__ reach the student's object
        link, number = self._practicum_link, self._practicum_handle.id
        if name in self._practicum_handle.functions or (number, name) in link.methods:
            return Function(self, name)
        value = _ask(self, "get", name=name)
        if isinstance(value, Remote) and value._practicum_handle.type in ("method", "builtin_function_or_method"):
            link.methods.add((number, name))
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "set", name=name, args=outgoing(value))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the student's function or class with plain arguments; return plain data, or a proxy."""
        return _ask(self, "call", args=outgoing(list(args)), kwargs=outgoing(kwargs))

    def __getitem__(self, key: Any) -> Any:
        return _ask(self, "item", name=outgoing(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        _ask(self, "set_item", name=outgoing(key), args=outgoing(value))

    def __len__(self) -> int:
        try:
            size = _ask(self, "len")
        except StudentError as error:
            raise NoLength(error.type, error.message, error.traceback) from None
        if type(size) is not int or not 0 <= size <= MAX_LENGTH:  # `list()` reserves that much before it asks for an item
            raise NoLength("TypeError", f"len() gave {size!r}"[:100])
        return size

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        iterator = _ask(self, "iterate")
        for _ in range(0, MAX_ITEMS + _CHUNK, _CHUNK):
            items = _ask(iterator, "next", args=_CHUNK)
            if type(items) is not list or len(items) > _CHUNK:
                raise StudentError("TypeError", "the iteration gave no items")
            yield from items
            if len(items) < _CHUNK:
                return
        raise StudentError("OverflowError", f"the iteration did not end after {MAX_ITEMS:,} items")

    def __repr__(self) -> str:
        return f"<the student's {self._practicum_handle.type}>"

    def __del__(self) -> None:
        link: Link = self._practicum_link
        if self._practicum_generation == link.generation:
            link.released.append(self._practicum_handle.id)


class Function(Remote):
    """A name of an object that is known to be a method, a function or a class: looked up and called in one request."""

    __slots__ = ("_practicum_found", "_practicum_name", "_practicum_owner")

    def __init__(self, owner: Remote, name: str) -> None:
        for slot, value in (("owner", owner), ("name", name), ("link", owner._practicum_link)):
            object.__setattr__(self, f"_practicum_{slot}", value)
        object.__setattr__(self, "_practicum_generation", owner._practicum_generation)

    def __getattr__(self, name: str) -> Any:
        if name == "_practicum_handle":  # whatever is more than a call needs the object itself
            found = _ask(self._practicum_owner, "get", name=self._practicum_name, as_handle=True)
            object.__setattr__(self, "_practicum_found", found)
            object.__setattr__(self, "_practicum_handle", found._practicum_handle)
            return found._practicum_handle
        return super().__getattr__(name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the student's function or class with plain arguments; return plain data, or a proxy."""
        name = self._practicum_name
        return _ask(self._practicum_owner, "call", name=name, args=outgoing(list(args)), kwargs=outgoing(kwargs))

    def __repr__(self) -> str:
        return f"<the student's {self._practicum_name}>"

    def __del__(self) -> None:
        """Do nothing: what was found is let go with its own proxy."""


class OwnData:
    """Data that is an object of the student's as well: a copy of the data here, of the type it extends, and the object behind it.

    What the type has acts on the copy, names that the student's class defines anew excepted; whatever else is asked for, called
    or set goes to the object.
    """

    _practicum_remote: Remote | None = None
    _practicum_names: tuple[str, ...] = ()

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name in object.__getattribute__(self, "_practicum_names"):
            return getattr(object.__getattribute__(self, "_practicum_remote"), name)
        return super().__getattribute__(name)

    def __getattr__(self, name: str) -> Any:
        if self._practicum_remote is None or name.startswith("_practicum"):  # the result of a calculation with it
            raise AttributeError(name)
        return getattr(self._practicum_remote, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if self._practicum_remote is None or name in ("shape", "dtype", "strides"):
            super().__setattr__(name, value)
        else:
            setattr(self._practicum_remote, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the student's object."""
        if self._practicum_remote is None:
            raise TypeError("this is plain data")
        return self._practicum_remote(*args, **kwargs)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copy the data alone."""
        return _itself, (_data(self),)


def _itself(value: Any) -> Any:
    return value


_OWN = {base: type(f"Student{base.__name__}", (OwnData, base), {}) for base in (dict, list, tuple, float, np.ndarray)}


def _data(value: Any) -> Any:
    """Return what is data of such an object, as its base has it."""
    base = next(base for base, own in _OWN.items() if isinstance(value, own))
    return np.array(value, subok=False) if base is np.ndarray else base(value)


def _own(link: Link, value: Own) -> Any:
    """Return what crossed as data and an object in one."""
    remote, data = _received(link, value.handle), _received(link, value.data)
    kind = _OWN.get(type(data))
    if kind is None:
        return remote
    made = data.view(kind) if kind is _OWN[np.ndarray] else kind(data)
    names = value.names[:1000] if type(data) in (dict, list) else ()  # else a number or an array could be what it says it is
    made.__dict__.update(_practicum_remote=remote, _practicum_names=names)
    return made


def _remote(value: Any) -> Any:
    """Return the proxy of an object of the student's; anything else as it is."""
    return value._practicum_remote if isinstance(value, OwnData) and value._practicum_remote is not None else value


def _ask(remote: Remote, op: str, **what: Any) -> Any:
    link: Link = remote._practicum_link
    if remote._practicum_generation != link.generation:
        raise StudentError("ReferenceError", "the process that held this object has ended")
    return _received(link, link.ask(op, remote._practicum_handle.id, **what))


def _received(link: Link, value: Any) -> Any:
    """Return an answer with a proxy in place of every handle."""
    if type(value) is Handle:
        return Remote(link, Handle(value.id, clean(value.type, 80), value.functions))
    if type(value) is Own:
        return _own(link, value)
    if type(value) in (list, tuple):
        return type(value)(_received(link, item) for item in value)
    if type(value) is dict:
        return {key: _received(link, item) for key, item in value.items()}
    return value


def outgoing(value: Any) -> Any:
    """Return a check's argument as it is sent: proxies become handles.

    Raises:
        ProtocolError: it is neither plain data nor an object of this student's.
    """
    value = _remote(value)
    kind = type(value)
    if isinstance(value, Remote):
        return value._practicum_handle
    if isinstance(value, OwnData):
        return outgoing(_data(value))
    if kind in (list, tuple, set):
        return kind(outgoing(item) for item in value)
    if kind is dict:
        return {outgoing(k): outgoing(v) for k, v in value.items()}
    return value


def ref(target: Any, name: str | None = None, *, key: Any = None) -> Any:
    """Return an attribute (or with `key`, an item) as a handle even where it is plain data, to change it in place.

    Example: `ref(ref(layer, "params"), key="weight")[...] = w` writes into the student's own array.
    """
    target = _remote(target)
    if not isinstance(target, Remote):
        raise StudentError("TypeError", f"expected an object of the submission, got {type(target).__name__}")
    if name is not None:
        return _ask(target, "get", name=name, as_handle=True)
    return _ask(target, "item", name=outgoing(key), as_handle=True)


def plain(value: Any) -> Any:
    """Return a handle as plain data: arrays, lists, what can be iterated; plain data as it is.

    Raises:
        StudentError: it is no such thing.
    """
    value = _remote(value)
    return _ask(value, "plain") if isinstance(value, Remote) else value


def write_array(target: Any, name: str, key: Any, array: Any) -> None:
    """Write into the student's own array: `target.name[key][...] = array`, in one request.

    Raises:
        StudentError: there is no such array, or it has another shape.
    """
    target = _remote(target)
    if not isinstance(target, Remote):
        raise StudentError("TypeError", f"expected an object of the submission, got {type(target).__name__}")
    _ask(target, "write", name=name, args=[outgoing(key), outgoing(array)])


class StudentCode:
    """The submission: its modules and notebooks as attributes.

    Args:
        link: to the process that holds it.
        missing: module name → file that should have been submitted and was not, or could not be read, with the reason.
        lines: how many lines each file or notebook cell has, by its name in tracebacks.
    """

    def __init__(self, link: Link, missing: dict[str, str], lines: dict[str, int] | None = None) -> None:
        self._link, self._missing, self.lines = link, missing, lines or {}
        self._modules: dict[tuple[int, str], Remote] = {}

    def __repr__(self) -> str:
        return "<the submission>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.module(name)

    def module(self, name: str) -> Any:
        """Import a module of the submission (once per process).

        Raises:
            StudentError: it is missing, or its import raised.
        """
        if name in self._missing:
            raise StudentError("FileNotFoundError", self._missing[name], missing=True)
        known = self._modules.get((self._link.generation, name))
        if known is None:
            known = _received(self._link, self._link.ask("module", name=name, as_handle=True))
            self._modules = {(self._link.generation, name): known, **self._modules}
        return known

    def exists(self, module: str, name: str) -> bool:
        """Return whether the submission's module has this dotted name."""
        return bool(_ask(self.module(module), "exists", name=name))

    def seed(self, number: int) -> None:
        """Seed all generators, as they are before every check, before the submission is asked for anything else."""
        self._link.seed_next(int(number))

    def loaded(self, *modules: str) -> list[str]:
        """Return which of these modules are loaded in the submission's process, by their names in `sys.modules`."""
        found = self._link.ask("loaded", args=list(modules))
        return [name for name in modules if type(found) is list and name in found]

    def tensor(self, array: Any, requires_grad: bool = False) -> Tensor:
        """Return an argument that arrives as a torch tensor of the same dtype."""
        return Tensor(array, requires_grad)
