"""Names that are known to be functions cost one request instead of two, and are otherwise what they were."""

import numpy as np
import pytest

from practicum.checks import StudentError, plain, ref, write_array
from practicum.sandbox.guest.messages import MOST_FUNCTIONS, Handle, ProtocolError, Request, Response
from practicum.sandbox.guest.protocol import PREFIX, pack, unpack
from practicum.sandbox.proxy import Function, Remote

LAYERS = """
import numpy as np
from math import sqrt
seen = []
class Base:
    def forward(self, x): return 2 * x
    def replaced(self): return "method"
    shadowed = forward
class Layer(Base):
    def __init__(self): self.params = {"weight": np.zeros((2, 2))}; self.shadowed = 7
    @property
    def replaced(self): return "value"
    def backward(self, x): return 3 * x
    def _private(self): return 0
    def fails(self): raise ValueError("not this one")
class Sly:
    def __getattribute__(self, name): return 5
class Slots:
    __slots__ = ("x",)
    def forward(self, x): return x + 1
def double(f, x): return f(f(x))
def rebind():
    global double
    double = len
"""


class Counted:
    """Counts the requests of a submission's process."""

    def __init__(self, student):
        self.student, self.asked = student, []
        student.answer  # noqa: B018  loads it
        process, call = student.link.process, student.link.process.call

        def counted(request, deadline):
            self.asked.append((request.op, request.name))
            return call(request, deadline)

        process.call = counted

    def __enter__(self):
        self.asked.clear()
        return self.asked

    def __exit__(self, *error):
        return None


@pytest.fixture
def layers(submit):
    return submit(LAYERS)


def test_functions_classes_and_methods_are_asked_for_once(layers):
    requests = Counted(layers)
    answer = layers.answer
    with requests as asked:
        layer = answer.Layer()
        assert layer.forward(2) == 4
        assert layer.backward(2) == 6
        assert layer.forward(3) == 6
    assert asked == [("call", "Layer"), ("call", "forward"), ("call", "backward"), ("call", "forward")]


def test_only_what_is_a_function_now_is_taken_for_one(layers):
    layer = layers.answer.Layer()
    assert (layer.shadowed, layer.replaced) == (7, "value")
    assert layers.answer.seen == []
    assert layer._private() == 0
    assert layers.answer.Sly().anything == 5
    assert layers.answer.Slots().forward(1) == 2
    assert layers.answer.sqrt(4.0) == 2.0
    with pytest.raises(StudentError, match="has no 'missing'"):
        layer.missing  # noqa: B018
    with pytest.raises(StudentError, match="not this one"):
        layer.fails()


def test_a_function_is_an_object_as_well(layers):
    answer = layers.answer
    layer = answer.Layer()
    method = layer.forward
    assert type(method) is Function
    assert answer.double(method, 1) == 4  # an argument
    assert "forward" in repr(method)
    assert plain(ref(answer.double, "__name__")) == "double"
    answer.Layer.rate = 0.5  # an attribute of the class
    assert answer.Layer().rate == 0.5
    with pytest.raises(StudentError):
        plain(answer.double)


def test_a_function_is_looked_up_when_it_is_called(layers):
    answer = layers.answer
    double = answer.double
    answer.rebind()
    assert double([1, 2, 3]) == 3


def test_a_process_names_no_more_functions_than_that(submit):
    source = "".join(f"def f{number}(): return {number}\n" for number in range(MOST_FUNCTIONS + 50))
    answer = submit(source).answer
    assert [answer.f0(), getattr(answer, f"f{MOST_FUNCTIONS + 49}")()] == [0, MOST_FUNCTIONS + 49]
    with pytest.raises(ProtocolError):
        crossed(Handle(1, "module", ("f",) * (MOST_FUNCTIONS + 1)))
    assert crossed(Handle(1, "module", ("f",) * MOST_FUNCTIONS)).functions[0] == "f"


def crossed(value):
    frame = b"".join(pack(Response(1, value)))
    header = PREFIX.unpack(frame[: PREFIX.size])[0]
    return unpack(frame[PREFIX.size :][:header], memoryview(b""), Response).value


def test_an_array_of_the_students_is_written_into(layers):
    layer = layers.answer.Layer()
    requests = Counted(layers)
    with requests as asked:
        write_array(layer, "params", "weight", np.eye(2))
    assert asked == [("write", "params")]
    np.testing.assert_array_equal(layer.params["weight"], np.eye(2))
    with pytest.raises(StudentError, match="KeyError"):
        write_array(layer, "params", "bias", np.eye(2))
    with pytest.raises(StudentError, match="could not broadcast"):
        write_array(layer, "params", "weight", np.ones(3))
    with pytest.raises(StudentError, match="expected an object of the submission"):
        write_array(3, "params", "weight", np.eye(2))


def test_a_check_seeds_again_with_its_next_question(submit):
    student = submit("import random, numpy as np\ndef draw(): return random.random(), float(np.random.rand())\n")
    requests = Counted(student)
    draw = student.answer.draw
    with requests as asked:
        student.seed(3)
        first, second = draw(), draw()
        student.seed(np.int64(3))
        assert [draw(), draw()] == [first, second] != [second, first]
    assert asked == [("call", "draw")] * 4


def test_which_modules_are_loaded_is_one_question(submit):
    student = submit("import colorsys")
    requests = Counted(student)
    with requests as asked:
        assert student.loaded("sched", "colorsys", "sys") == ["colorsys", "sys"]
    assert len(asked) == 1


def test_a_request_carries_its_seed():
    frame = b"".join(pack(Request(1, "get", seed=2**31)))
    header = PREFIX.unpack(frame[: PREFIX.size])[0]
    assert unpack(frame[PREFIX.size :][:header], memoryview(b""), Request).seed == 2**31


def test_a_proxy_of_a_dead_process_is_void(layers):
    layer = layers.answer.Layer()
    method = layer.forward
    layers.link.generation += 1
    for use in (lambda: method(1), lambda: method.x, lambda: layers.answer and layer.params):
        with pytest.raises(StudentError, match="has ended"):
            use()
    assert isinstance(method, Remote)
