"""The wire carries plain data exactly, and nothing else in either direction."""

import struct
import tracemalloc

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from practicum.sandbox.guest.caps import MAX_HEADER, MAX_VALUES, Budget
from practicum.sandbox.guest.protocol import (
    ARRAY,
    MAPPING,
    PREFIX,
    SET,
    Handle,
    ProtocolError,
    Request,
    Response,
    Tensor,
    pack,
    sizes,
    unpack,
)


def through(value):
    data = b"".join(pack(Response(1, value)))
    header, blob = sizes(data[: PREFIX.size])
    assert len(data) == PREFIX.size + header + blob
    return unpack(data[PREFIX.size : PREFIX.size + header], memoryview(data)[PREFIX.size + header :], Response).value


def received(value_bytes, blob=b""):
    header = msgspec.msgpack.encode([1, msgspec.Raw(value_bytes), None])
    return unpack(header, memoryview(blob), Response).value


keys = st.one_of(st.integers(), st.text(max_size=5), st.booleans(), st.tuples(st.integers(), st.text(max_size=3)))
plain = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(),
        st.binary(),
        st.complex_numbers(allow_nan=False),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.tuples(inner, inner), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=20,
)


@given(plain)
def test_plain_data_comes_back_equal_and_of_the_same_type(value):
    got = through(value)
    assert got == value
    assert repr(got) == repr(value)  # 1 is not True, and a tuple is not a list


@given(
    hnp.arrays(
        dtype=st.one_of(hnp.floating_dtypes(), hnp.integer_dtypes(), hnp.boolean_dtypes(), hnp.complex_number_dtypes()),
        shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    )
)
def test_arrays_keep_shape_values_and_kind(array):
    got = through(array)
    assert got.shape == array.shape
    assert got.dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(got, array)


def test_views_arrive_as_the_values_they_show():
    base = np.arange(24).reshape(4, 6)
    for view in (base[::2, ::-1], base.T, np.broadcast_to(base[0], (3, 6)), np.asfortranarray(base)):
        np.testing.assert_array_equal(through(view), view)


def test_what_comes_back_is_a_writable_copy():
    array = np.zeros(3)
    got = through(array)
    got += 1
    assert array.sum() == 0


def test_slices_ellipsis_handles_tensors_and_scalars():
    assert through((slice(1, None, -2), ..., 3)) == (slice(1, None, -2), ..., 3)
    assert through(Handle(7, "Linear")) == Handle(7, "Linear")
    assert through(Tensor(np.ones(2), True)).requires_grad is True
    assert type(through(np.float32(0.1))) is np.float32
    assert through({1, 2}) == {1, 2}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(object(), id="object"),
        pytest.param(len, id="function"),
        pytest.param(np.array([object()]), id="array of objects"),
        pytest.param(np.array(["a"]), id="array of text"),
        pytest.param(np.zeros(2, "M8[s]"), id="array of dates"),
        pytest.param(np.zeros(2, "i4,f4"), id="array of records"),
        pytest.param(type("F", (float,), {})(1.0), id="subclass of float"),
        pytest.param(1 << 5000, id="huge integer"),
    ],
)
def test_everything_else_is_refused(value):
    with pytest.raises(ProtocolError):
        pack(Response(1, value))


def test_nesting_is_limited_both_ways():
    deep = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(ProtocolError, match="nested deeper"):
        pack(Response(1, deep))
    with pytest.raises(ProtocolError):
        received(b"\x91" * 100_000 + b"\xc0")


def test_plain_data_is_limited_in_size_but_arrays_are_not_counted_with_it():
    with pytest.raises(ProtocolError, match="plain data"):
        pack(Response(1, "x" * (MAX_HEADER + 1)))
    assert through(np.zeros(1 << 20)).nbytes == 8 << 20
    with pytest.raises(ProtocolError, match="MiB"):
        pack(Request(1, "call", args=[np.zeros(9 << 20)]))


def test_an_answers_numbers_are_counted_as_what_checks_turn_them_into():
    """An array of small integers takes eight times its bytes as float64."""
    with pytest.raises(ProtocolError, match="more than 8,388,608 numbers"):
        pack(Response(1, [np.zeros(4 << 20, np.int8), np.zeros((4 << 20) + 1, bool)]))
    with pytest.raises(ProtocolError, match="more than 8,388,608 numbers"):
        pack(Response(1, np.zeros((4 << 20) + 1, np.complex64)))
    question = b"".join(pack(Request(1, "call", args=[np.zeros(16 << 20, np.uint8)])))  # a check may send pictures
    assert len(question) > 16 << 20


@pytest.mark.parametrize("dtype", ["|b1", "|i1", "?", "b"])
def test_numbers_are_counted_before_they_are_copied(dtype):
    blob = memoryview(bytes(9 << 20))
    header = msgspec.msgpack.encode([1, msgspec.Raw(array_header(dtype, (9 << 20,), 0)), None])
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="more than 8,388,608 numbers"):
            unpack(header, blob, Response, Budget())
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_the_answers_of_one_check_share_a_budget():
    frame = b"".join(pack(Response(1, [np.zeros(5, np.complex64), [0] * 20])))
    header, _ = sizes(frame[: PREFIX.size])
    plain, arrays = frame[PREFIX.size : PREFIX.size + header], memoryview(frame)[PREFIX.size + header :]
    budget = Budget()
    assert (budget.values, budget.elements) == (8 * MAX_VALUES, 8 * (8 << 20))
    unpack(plain, arrays, Response, budget)
    assert (budget.values, budget.elements) == (8 * MAX_VALUES - 22, 8 * (8 << 20) - 10)
    for name, left, words in (("values", 21, "more plain values in one check"), ("elements", 9, "more numbers in one check")):
        budget = Budget()
        setattr(budget, name, left)
        with pytest.raises(ProtocolError, match=words):
            unpack(plain, arrays, Response, budget)


def test_lengths_above_the_caps_are_refused_before_anything_is_allocated():
    for header, blob in ((1 << 31, 0), (10, 1 << 60)):
        with pytest.raises(ProtocolError, match="at most"):
            sizes(PREFIX.pack(header, blob))


def array_header(dtype, shape, start):
    return msgspec.msgpack.encode(msgspec.msgpack.Ext(ARRAY, msgspec.msgpack.encode((dtype, shape, start, False))))


@pytest.mark.parametrize(
    ("dtype", "shape", "start"),
    [
        ("<f8", (2,), 0),  # more than came
        ("<f8", (1,), 1),  # beyond the end
        ("<f8", (1,), -8),
        ("<f8", (-1,), 0),
        ("<f8", (2**40, 2**40), 0),
        ("|O", (1,), 0),
        ("<U2", (1,), 0),
        ("i4,i4", (1,), 0),
        ("nonsense", (1,), 0),
        ("<f8", (1,) * 65, 0),
    ],
)
def test_arrays_are_checked_against_the_bytes_that_came(dtype, shape, start):
    with pytest.raises(ProtocolError):
        received(array_header(dtype, shape, start), bytes(8))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode(5),
        msgspec.msgpack.encode([1]) + b"extra",
        msgspec.msgpack.encode(["one", None, None]),
        msgspec.msgpack.encode([1, msgspec.msgpack.Ext(99, b""), None]),
        msgspec.msgpack.encode([1, msgspec.msgpack.Ext(SET, msgspec.msgpack.encode([[1]])), None]),
        msgspec.msgpack.encode([1, msgspec.msgpack.Ext(MAPPING, msgspec.msgpack.encode([[[], 1]])), None]),
        msgspec.msgpack.encode([1, None, ["ValueError", "x" * 5, "", "not a bool"]]),
    ],
)
def test_what_is_no_message_is_refused(data):
    with pytest.raises(ProtocolError):
        unpack(data, memoryview(b""), Response)


@given(st.binary(max_size=200), st.binary(max_size=32))
def test_random_bytes_never_do_worse_than_being_refused(header, blob):
    for kind in (Request, Response):
        try:
            message = unpack(header, memoryview(blob), kind)
        except ProtocolError:
            continue
        assert type(message) is kind


def test_prefix_is_twelve_bytes_in_network_order():
    assert PREFIX.pack(1, 2) == struct.pack(">IQ", 1, 2)
    assert PREFIX.size == 12
