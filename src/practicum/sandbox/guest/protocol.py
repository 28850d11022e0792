"""What crosses between grader and sandbox: frames of plain data, never a pickle.

A frame is `header length (4 bytes) | blob length (8 bytes) | header | blob`, big-endian. The header is MessagePack and small;
the bytes of arrays lie in the blob, so that a hostile header cannot unfold into gigabytes of small objects.
Both sides use this module; what arrives from the sandbox is believed only as far as `unpack` checks it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from .caps import MAX_BLOB, MAX_DEPTH, MAX_ELEMENTS, MAX_HEADER, MAX_ODD_KEYS, MAX_VALUES, Budget, elements, odd_keys
from .messages import Failure, Functions, Handle, Own, ProtocolError, Request, Response, Tensor

PREFIX = struct.Struct(">IQ")

ARRAY, HANDLE, TUPLE, SLICE, ELLIPSIS, COMPLEX, SET, BIGINT, TENSOR, MAPPING, BYTES, OWN = range(1, 13)
_DTYPES = frozenset("?bhilqBHILQefdFD")  # bool, integers, floats, complex: no objects, strings, dates or records
_encode = msgspec.msgpack.encode

# What a header may hold before `_Unpacker` looks at it: no maps, no dates, no deep nesting, all refused inside msgspec.
_Leaf = None | bool | int | float | str | msgspec.msgpack.Ext
_Plain: Any = _Leaf
for _ in range(MAX_DEPTH + 1):
    _Plain = _Leaf | list[_Plain]
_items = msgspec.msgpack.Decoder(list[_Plain])
_handle = msgspec.msgpack.Decoder(tuple[int, str, Functions])


def _dtype_of(array: np.ndarray[Any, Any]) -> str:
    if array.dtype.char not in _DTYPES:
        raise ProtocolError(f"an array of dtype {array.dtype} does not cross; expected bool, integer, float or complex")
    return str(array.dtype.newbyteorder("<").str)


class _Packer:
    """Turns a value into MessagePack-able parts and one list of buffers.

    Args:
        other: see `pack`.
        most_elements: of arrays; None for a request, whose sender is trusted.
    """

    def __init__(self, other: Callable[[Any], Any] | None, most_elements: int | None = None) -> None:
        self.buffers: list[memoryview] = []
        self.size = self.elements = 0
        self.most_elements = most_elements
        self.values = self.odd_keys = 0
        self.other = other

    def _array(self, array: np.ndarray[Any, Any], scalar: bool) -> msgspec.msgpack.Ext:
        dtype = _dtype_of(array)
        self.elements += elements(array.size, array.dtype)
        if self.most_elements is not None and self.elements > self.most_elements:
            raise ProtocolError(f"arrays of more than {self.most_elements:,} numbers do not cross")
        data = np.ascontiguousarray(array, dtype=dtype)
        start, self.size = self.size, self.size + data.nbytes
        if self.size > MAX_BLOB:
            raise ProtocolError(f"arrays of more than {MAX_BLOB >> 20} MiB do not cross")
        if data.nbytes:
            self.buffers.append(data.reshape(-1).view(np.uint8).data)
        return msgspec.msgpack.Ext(ARRAY, _encode((dtype, array.shape, start, scalar)))

    def count(self, container: Any, kind: type) -> None:
        """Refuse what the other side would refuse."""
        self.values += len(container)
        if self.values > MAX_VALUES:
            raise ProtocolError(f"more than {MAX_VALUES:,} plain values do not cross (use an array)")
        if kind in (set, frozenset, dict):
            self.odd_keys += odd_keys(container)
            if self.odd_keys > MAX_ODD_KEYS:
                raise ProtocolError(f"more than {MAX_ODD_KEYS:,} keys that are neither text nor ordinary numbers do not cross")

    def pack(self, value: Any, depth: int = 0) -> Any:
        """Pack one value; exact types only, so that no method of a student's subclass is called."""
        if depth > MAX_DEPTH:
            raise ProtocolError(f"data nested deeper than {MAX_DEPTH} levels does not cross")
        kind, ext = type(value), msgspec.msgpack.Ext
        if value is None or kind in (bool, float, str):
            return value
        if kind is bytes:
            return ext(BYTES, value)
        if kind is int:
            if -(2**63) <= value < 2**63:
                return value
            if abs(value).bit_length() > 4096:
                raise ProtocolError("an integer of more than 4096 bits does not cross")
            return ext(BIGINT, hex(value).encode())
        if kind is np.ndarray:
            return self._array(value, scalar=False)
        if kind in (list, tuple, set, frozenset, dict):
            self.count(value, kind)
        if kind in (list, tuple, set, frozenset):
            items = [self.pack(item, depth + 1) for item in value]
            return items if kind is list else ext(TUPLE if kind is tuple else SET, _encode(items))
        if kind is dict:
            pairs = [(self.pack(k, depth + 1), self.pack(v, depth + 1)) for k, v in value.items()]
            return ext(MAPPING, _encode(pairs))
        if kind is complex:
            return ext(COMPLEX, struct.pack(">dd", value.real, value.imag))
        if kind is slice:
            return ext(SLICE, _encode([self.pack(v, depth + 1) for v in (value.start, value.stop, value.step)]))
        if value is Ellipsis:
            return ext(ELLIPSIS, b"")
        if kind is Handle:
            return ext(HANDLE, _encode((value.id, value.type, value.functions)))
        if kind is Own:
            return ext(OWN, _encode([self.pack(v, depth + 1) for v in (value.handle, value.data, list(value.names))]))
        if kind is Tensor:
            return ext(TENSOR, _encode((self.pack(value.array, depth + 1), value.requires_grad)))
        if isinstance(value, np.generic):
            return self._array(np.asarray(value), scalar=True)
        if self.other is not None:
            return self.pack(self.other(value), depth + 1)
        raise ProtocolError(f"a {kind.__name__} does not cross")


def pack(message: Request | Response, other: Callable[[Any], Any] | None = None) -> list[bytes | memoryview]:
    """Encode a message as the parts of one frame.

    Args:
        message: its `value`, `args` and `kwargs` may hold plain data, arrays and handles.
        other: called for any value that is not plain; returns one that is (usually a `Handle`).

    Raises:
        ProtocolError: a value does not cross, or the frame would be too large.
    """
    packer = _Packer(other, MAX_ELEMENTS if isinstance(message, Response) else None)
    if isinstance(message, Response):
        header = _encode(Response(message.id, packer.pack(message.value), message.failure))
    else:
        name, args, kwargs = packer.pack(message.name), packer.pack(message.args), packer.pack(message.kwargs)
        header = _encode(msgspec.structs.replace(message, name=name, args=args, kwargs=kwargs))
    if len(header) > MAX_HEADER:
        raise ProtocolError(f"{len(header):,} bytes of plain data do not cross; at most {MAX_HEADER:,} (use an array)")
    return [PREFIX.pack(len(header), packer.size), header, *packer.buffers]


class _Unpacker:
    """Rebuilds values, checking every count against the bytes that really came, and what it is of against a budget."""

    def __init__(self, blob: memoryview, budget: Budget | None) -> None:
        self.blob, self.budget = blob, budget
        self.bytes_left = len(blob)
        self.values_left = MAX_VALUES
        self.elements_left = MAX_ELEMENTS
        self.odd_keys_left = MAX_ODD_KEYS

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return what a decoded value stands for."""
        if type(value) is list:
            return self.items(value, depth)
        return self.extended(value.code, value.data, depth + 1) if type(value) is msgspec.msgpack.Ext else value

    def items(self, items: list[Any], depth: int) -> list[Any]:
        """Return what the values of a list stand for."""
        self.values_left -= len(items)
        if self.values_left < 0:
            raise ProtocolError(f"more than {MAX_VALUES:,} plain values")
        if self.budget is not None:
            self.budget.values -= len(items)
            if self.budget.values < 0:
                raise ProtocolError("more plain values in one check than a check may receive")
        if depth > MAX_DEPTH:
            raise ProtocolError("data nested too deep")
        return [self.value(item, depth + 1) if type(item) in (list, msgspec.msgpack.Ext) else item for item in items]

    def keys(self, keys: list[Any]) -> list[Any]:
        """Return keys, as long as few of them are of types whose hashes a sender can choose to be all the same."""
        self.odd_keys_left -= odd_keys(keys)
        if self.odd_keys_left < 0:
            raise ProtocolError(f"more than {MAX_ODD_KEYS:,} keys that are neither text nor ordinary numbers")
        return keys

    def array(self, data: Any) -> Any:
        """Return an array, which takes no more bytes than came for all arrays together."""
        dtype, shape, start, scalar = msgspec.msgpack.decode(data, type=tuple[str, tuple[int, ...], int, bool])
        if len(dtype) > 4 or np.dtype(dtype).char not in _DTYPES:
            raise ProtocolError(f"an array of dtype {dtype[:20]!r} does not cross")
        if len(shape) > 32 or any(n < 0 for n in shape) or start < 0:
            raise ProtocolError("an array with an impossible shape")
        count = math.prod(shape)
        size = count * np.dtype(dtype).itemsize
        self.bytes_left -= size
        if start + size > len(self.blob) or self.bytes_left < 0:
            raise ProtocolError("an array larger than the bytes that came with it")
        if self.budget is not None:
            weight = elements(count, np.dtype(dtype))
            self.elements_left -= weight
            self.budget.elements -= weight
            if self.elements_left < 0:
                raise ProtocolError(f"arrays of more than {MAX_ELEMENTS:,} numbers")
            if self.budget.elements < 0:
                raise ProtocolError("more numbers in one check than a check may receive")
        array = np.frombuffer(self.blob, dtype=dtype, count=count, offset=start) if count else np.empty(0, dtype)
        copy: Any = array.reshape(shape).copy()
        return copy[()] if scalar and copy.shape == () else copy

    def extended(self, code: int, data: Any, depth: int) -> Any:
        """Return a value of one of this protocol's own kinds."""
        if depth > MAX_DEPTH + 1:
            raise ProtocolError("data nested too deep")
        if code == ARRAY:
            return self.array(data)
        if code == HANDLE:
            handle, name, functions = _handle.decode(data)
            return Handle(handle, name[:80], functions)
        if code in (TUPLE, SET, SLICE):
            items = self.items(_items.decode(data), depth)
            if code == SLICE and len(items) != 3:
                raise ProtocolError("a slice needs three parts")
            return tuple(items) if code == TUPLE else set(self.keys(items)) if code == SET else slice(*items)
        if code == MAPPING:
            pairs = self.items(_items.decode(data), depth)
            if any(type(pair) is not list or len(pair) != 2 for pair in pairs):
                raise ProtocolError("a dict needs pairs")
            return dict(zip(self.keys([key for key, _ in pairs]), [value for _, value in pairs], strict=True))
        if code == ELLIPSIS:
            return Ellipsis
        if code == BYTES:
            return bytes(data)
        if code == COMPLEX:
            return complex(*struct.unpack(">dd", data))
        if code == BIGINT:
            if len(data) > 1100:
                raise ProtocolError("an integer that is too long")
            return int(bytes(data), 16)
        if code == OWN:
            handle, own, names = self.items(_items.decode(data), depth)
            if type(handle) is not Handle or type(names) is not list or any(type(name) is not str for name in names):
                raise ProtocolError("an object that is data needs a handle, the data and names")
            return Own(handle, own, tuple(names))
        if code == TENSOR:
            array, grad = self.items(_items.decode(data), depth)
            if not isinstance(array, np.ndarray | np.generic) or type(grad) is not bool:
                raise ProtocolError("a tensor needs an array")
            return Tensor(array, grad)
        raise ProtocolError(f"an unknown kind of value ({code})")


class _RawRequest(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    id: int
    op: str
    handle: int
    name: _Plain
    args: _Plain
    kwargs: _Plain
    as_handle: bool
    release: list[int]
    seed: int | None


class _RawResponse(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    id: int
    value: _Plain
    failure: Failure | None


_raw: dict[type[Any], Any] = {Request: msgspec.msgpack.Decoder(_RawRequest), Response: msgspec.msgpack.Decoder(_RawResponse)}


def unpack(header: bytes | memoryview, blob: memoryview, kind: type[Any], budget: Budget | None = None) -> Any:
    """Decode a frame as `Request` or `Response`.

    Args:
        header: its plain data.
        blob: the bytes of its arrays.
        kind: what it must be.
        budget: of the check, for an answer that a submission sent; it is used up by what comes.

    Raises:
        ProtocolError: anything that is not exactly such a frame.
    """
    try:
        raw: Any = _raw[kind].decode(header)
        value = _Unpacker(blob, budget).value
        if kind is Response:
            return Response(raw.id, value(raw.value), raw.failure)
        name, args, kwargs = value(raw.name), value(raw.args), value(raw.kwargs)
        return Request(raw.id, raw.op, raw.handle, name, args, kwargs, raw.as_handle, raw.release, raw.seed)
    except ProtocolError:
        raise
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError, OverflowError, MemoryError, struct.error) as e:
        raise ProtocolError(f"not a message of this protocol ({type(e).__name__}: {str(e)[:200]})") from None


def sizes(prefix: bytes) -> tuple[int, int]:
    """Return lengths of header and blob from a frame's first 12 bytes.

    Raises:
        ProtocolError: a length above the caps.
    """
    header, blob = PREFIX.unpack(prefix)
    if header > MAX_HEADER or blob > MAX_BLOB:
        raise ProtocolError(f"a frame of {header:,} + {blob:,} bytes; at most {MAX_HEADER:,} + {MAX_BLOB:,}")
    return header, blob
