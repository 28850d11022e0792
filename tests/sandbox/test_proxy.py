"""The student's code as a check sees it."""

import copy

import numpy as np
import pytest

from practicum.checks import assert_not_imported
from practicum.sandbox import proxy
from practicum.sandbox.guest.caps import CHECK_ELEMENTS
from practicum.sandbox.guest.messages import Handle, Own
from practicum.sandbox.link import Link
from practicum.sandbox.outcome import Died
from practicum.sandbox.proxy import Remote, StudentCode, StudentError, plain, ref

LAYER = """
import numpy as np

class Layer:
    scale = 2.0
    def __init__(self, n):
        self.params = {"weight": np.zeros((n, n)), "bias": np.zeros(n)}
        self.alias = self.params["weight"]
        self.calls = 0
    def forward(self, x):
        self.calls += 1
        return self.scale * x + self.params["bias"]
    def pair(self):
        return self, 3
    def __len__(self):
        return 4
    def __iter__(self):
        return iter([self, 1, np.ones(2)])

def ones():
    while True:
        yield 1

def mixed():
    return [1, object()]

class Matrix(np.ndarray):
    pass

def subclassed():
    return np.ones(3).view(Matrix)

class Score(float):
    def __eq__(self, other):
        return True
    __hash__ = None

def liar():
    return Score(0.25)

def fails(x):
    raise ValueError("the third is wrong")
"""


def test_calls_attributes_and_items(submit):
    layer = submit(LAYER).answer.Layer(2)
    assert type(layer) is Remote
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(layer.forward(x), [2.0, 4.0])
    layer.scale = 3
    np.testing.assert_array_equal(layer.forward(x), [3.0, 6.0])
    assert layer.calls == 2
    assert len(layer) == 4


def test_what_comes_back_is_a_copy_and_ref_reaches_the_original(submit):
    layer = submit(LAYER).answer.Layer(2)
    layer.params["bias"][:] = 5
    assert layer.params["bias"].sum() == 0
    ref(layer, "params")["bias"] = np.array([5.0, 5.0])
    assert layer.params["bias"].sum() == 10
    ref(ref(layer, "params"), key="weight")[...] = np.eye(2)
    np.testing.assert_array_equal(layer.alias, np.eye(2))  # in place: the student's other name sees it


def test_a_container_with_an_object_is_a_handle_as_a_whole_and_iterates(submit):
    answer = submit(LAYER).answer
    one, number = answer.Layer(1).pair()
    assert type(one) is Remote
    assert number == 3
    items = list(answer.mixed())
    assert items[0] == 1
    assert type(items[1]) is Remote
    with pytest.raises(StudentError):
        plain(answer.mixed()[1])
    assert [type(item).__name__ for item in answer.Layer(1)] == ["Remote", "int", "ndarray"]


def test_objects_can_be_arguments(submit):
    answer = submit("def same(a, b): return a is b\nclass A: pass\n").answer
    a, b = answer.A(), answer.A()
    assert answer.same(a, a) is True
    assert answer.same(a, b=b) is False
    assert answer.same([a], [a]) is False


def test_an_endless_iteration_ends_with_an_error(submit):
    with pytest.raises(StudentError, match="did not end after 100,000"):
        list(submit(LAYER).answer.ones())


def test_subclasses_arrive_as_what_they_extend(submit):
    answer = submit(LAYER).answer
    assert type(answer.subclassed()) is np.ndarray
    score = answer.liar()
    assert type(score) is float
    assert score != 1.0


def test_an_exception_names_the_students_own_lines(submit):
    with pytest.raises(StudentError) as caught:
        submit(LAYER).answer.fails(1)
    assert caught.value.type == "ValueError"
    assert caught.value.message == "the third is wrong"
    line = LAYER.splitlines().index('    raise ValueError("the third is wrong")') + 1
    assert caught.value.traceback == f'answer.py:{line} in fails: raise ValueError("the third is wrong")'
    assert not caught.value.missing


def test_missing_names_and_modules_are_told_apart_from_errors(submit):
    student = submit("def f(): raise NotImplementedError\ndef g(): import nothing_like_it\ndef h(): return [].nope\n")
    for ask, missing in (
        (lambda: student.answer.nope, True),
        (lambda: student.other, True),
        (lambda: student.answer.f(), True),
        (lambda: student.answer.g(), False),
        (lambda: student.answer.h(), False),
    ):
        with pytest.raises(StudentError) as caught:
            ask()
        assert caught.value.missing is missing
    assert student.exists("answer", "f.__name__")
    assert not student.exists("answer", "f.nope")


def test_a_failing_import_is_not_run_again(submit):
    student = submit("open('count', 'a').write('x')\nraise RuntimeError(len(open('count').read()))")
    for _ in range(3):
        with pytest.raises(StudentError, match="RuntimeError: 1"):
            student.module("answer")


def test_a_dead_process_is_started_anew_for_the_next_check(submit):
    student = submit("import os\nseen = []\ndef die(): os._exit(3)\ndef ok(): seen.append(1); return len(seen)\n")
    layer = student.answer
    assert student.answer.ok() == 1
    with pytest.raises(Died) as died:
        student.answer.die()
    assert died.value.outcome == "crashed"
    assert "exit code 3" in str(died.value)
    with pytest.raises(Died):  # still the same check
        student.answer.ok()
    student.link.begin(60.0, 0)
    assert student.answer.ok() == 1
    with pytest.raises(StudentError, match="has ended"):
        layer.ok()


def test_an_import_that_kills_is_not_tried_again(submit):
    student = submit("import os; os._exit(1)")
    for _ in range(2):
        with pytest.raises(Died):
            student.module("answer")
        generation = student.link.generation
        student.link.begin(60.0, 0)
    assert student.link.generation == generation  # the second time no process was started for it


def test_an_import_has_time_of_its_own(submit):
    student = submit("import time\ntime.sleep(2.2)\ndef f(): return 1\n", seconds=2)
    assert student.answer.f() == 1
    student = submit("while True: pass")
    student.link.import_seconds = 0.5
    for _ in range(2):
        with pytest.raises(Died, match=r"importing answer took too long, more than 0\.5 seconds"):
            student.module("answer")
        student.link.begin(60.0, 0)


def test_the_time_of_a_check_is_held(submit):
    student = submit("import time\ndef nap(s): time.sleep(s)\n", seconds=0.5)
    with pytest.raises(Died) as died:
        student.answer.nap(30)
    assert died.value.outcome == "timeout"


def test_generators_are_seeded_before_each_check(submit):
    student = submit("import random, numpy as np\ndef draw(): return random.random(), float(np.random.rand())\n")
    student.link.begin(60.0, 7)
    first = student.answer.draw()
    student.link.begin(60.0, 8)
    assert student.answer.draw() != first
    student.link.begin(60.0, 7)
    assert student.answer.draw() == first


def test_a_notebook_runs_on_past_a_failing_cell(submit):
    cells = ["a = 1", "b = a +", "c = a + 1", "def f(): return c\nraise KeyError('x')"]
    cells += ["display(1); get_ipython().system('ls')", "d = f()"]
    answer = submit("", cells=cells).answer
    assert (answer.a, answer.c, answer.d) == (1, 2, 2)
    with pytest.raises(StudentError, match=r"answer has no 'b'; cell 2 \(and 1 more\) failed with SyntaxError"):
        _ = answer.b


def test_handles_are_released(submit):
    answer = submit("import gc\nclass A: pass\ndef alive(): return sum(isinstance(o, A) for o in gc.get_objects())\n").answer
    for _ in range(50):
        answer.A()
    assert answer.alive() <= 1


def test_no_protocol_of_numpy_or_python_reaches_the_students_object(submit):
    answer = submit("class A:\n def __array__(self, *a, **k): raise SystemExit\n def __float__(self): return 1.0\n").answer
    value = answer.A()
    with pytest.raises(TypeError):
        float(value)
    assert np.asarray(value, dtype=object).shape in ((), (0,))
    assert (value == answer.A()) is False


def test_a_library_is_seen_that_a_function_imports(submit):
    student = submit("def quiet():\n    return 1\n\n\ndef library():\n    import colorsys, sched\n")
    refused = ("colorsys", "sched", "nothing_of_this_name")
    student.answer.quiet()
    assert_not_imported(student, *refused, instead="colours of your own")
    student.answer.library()
    said = "expected colours of your own, but your files import colorsys and sched: remove the import"
    with pytest.raises(AssertionError, match=said):
        assert_not_imported(student, *refused, instead="colours of your own")


def test_a_check_begins_with_a_fresh_budget_for_what_it_receives(submit):
    student = submit("import numpy as np\ndef give(): return np.zeros(1000), [1, 2]\n")
    student.answer.give()
    process = student.link.process
    assert process.budget.elements == CHECK_ELEMENTS - 1000
    student.answer.give()
    assert process.budget.elements == CHECK_ELEMENTS - 2000
    student.link.begin(60.0, 1)
    student.answer.give()
    assert process.budget.elements == CHECK_ELEMENTS - 1000


OWN = """
import collections
import numpy as np

class Network(dict):
    def __init__(self, n):
        super().__init__(w=np.zeros(n))
        self.steps = 0
    def forward(self, x): return x @ self["w"]
    def update(self, step): self["w"] += step; self.steps += 1
    def __call__(self, x): return 2 * self.forward(x)

class Layers(list):
    def append(self, item): super().append(2 * item); return self
    def total(self): return sum(self)

class Value(float):
    def __new__(cls, data): self = super().__new__(cls, data); self.grad = 0.0; return self
    def backward(self): self.grad = 1.0

class Array(np.ndarray):
    def backward(self): return Array.wrap(2 * np.asarray(self))
    def mean(self): return -1.0
    @staticmethod
    def wrap(x): return np.asarray(x, dtype=float).view(Array)

class Pair(collections.namedtuple("Pair", "x y")):
    def swapped(self): return Pair(self.y, self.x)

class Named(dict): pass
def named(): return Named(a=1)
def nested(): return {"values": [Value(1.0), 2.0]}
def is_network(net): return type(net) is Network
"""


def test_a_dict_that_is_more_is_an_object_and_its_data(submit):
    answer = submit(OWN).answer
    network = answer.Network(2)
    assert isinstance(network, dict)
    network.update(np.array([1.0, 2.0]))  # its own, not that of dict
    network.rate = 0.5
    assert (network.steps, network.rate) == (1, 0.5)
    assert network.forward(np.ones(2)) == 3.0
    assert network(np.ones(2)) == 6.0
    assert plain(network)["w"].tolist() == [1.0, 2.0]
    assert network["w"].tolist() == [0.0, 0.0]  # a copy of the time it came
    assert answer.is_network(network)
    ref(network, key="w")[...] = np.zeros(2)
    assert network.forward(np.ones(2)) == 0.0


def test_a_list_a_number_an_array_and_a_tuple_that_are_more(submit):
    answer = submit(OWN).answer
    layers = answer.Layers()
    layers.append(3)
    assert layers.total() == 6
    value = answer.Value(2.5)
    value.backward()
    assert (value + 1, value.grad, isinstance(value, float)) == (3.5, 1.0, True)
    array = answer.Array.wrap(np.array([1.0, 2.0]))
    assert (array + 1).tolist() == [2.0, 3.0]
    assert array.backward().tolist() == [2.0, 4.0]
    assert array.mean() == 1.5  # what an array is, its class does not decide
    assert answer.Array.wrap(array * 2).tolist() == [2.0, 4.0]
    first, second = answer.Pair(1, 2)
    assert (first, second, answer.Pair(1, 2).swapped().x) == (1, 2, 2)
    assert answer.nested()["values"][0].grad == 0.0
    assert copy.deepcopy([array, layers, value])[1:] == [[], 2.5]


@pytest.mark.parametrize(("data", "method"), [(np.arange(3.0), "mean"), (2.5, "is_integer"), ((1, 2), "count")])
def test_a_forged_answer_changes_nothing_of_numbers_and_arrays(data, method):
    forged = Own(Handle(1, "Lie"), data, ("mean", "is_integer", "count"))
    link = Link(lambda: pytest.fail("it is asked"), 1.0)
    made = proxy._received(link, forged)
    assert type(getattr(made, method)).__name__ == "builtin_function_or_method"


def test_a_class_that_adds_nothing_arrives_as_what_it_extends(submit):
    assert type(submit(OWN).answer.named()) is dict


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_said_to_be_so(sandbox, encoding):
    files = {"answer.py": b"import other\n", "other.py": "x = 'é'\n".encode(encoding)}
    process = sandbox.open(files, {}, 0)
    student = StudentCode(Link(lambda: process, 60.0), {})
    for module in ("other", "answer"):
        with pytest.raises(
            StudentError, match=r"^UnicodeError: other.py is saved in UTF-16; save it as UTF-8, which Python reads"
        ):
            student.module(module)
    process.kill()


def test_the_program_finds_its_own_name_as_its_only_argument(submit):
    assert submit("import sys\nargv = sys.argv").answer.argv == ["answer.py"]
