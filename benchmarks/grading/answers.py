"""What students submit: correct answers in several styles, wrong ones, and some that raise.

Every answer says which of the tests it must lose, so the verdicts are held against the truth, not only against each other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

SEED = 324


@dataclass(frozen=True)
class Answer:
    """One way to answer a question, and the tests that it loses."""

    code: str
    loses: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Submission:
    """One student's answers, by function name."""

    student: str
    kind: str
    answers: dict[str, Answer]

    @property
    def loses(self) -> frozenset[str]:
        """Names of all tests that fail."""
        return frozenset().union(*(answer.loses for answer in self.answers.values()))


def _answer(code: str, *loses: str) -> Answer:
    return Answer(code.strip("\n"), frozenset(f"test_{name}" for name in loses))


_STANDARDISE = ("standardise_mean", "standardise_values", "standardise_constant")
_SOFTMAX = ("softmax_sum", "softmax_values", "softmax_large")
_ENTROPY = ("cross_entropy_value", "cross_entropy_mean", "cross_entropy_zero")
_DISTANCES = ("distances_triangle", "distances_values", "distances_self")
_DESCENT = ("descent_one_step", "descent_no_step", "descent_converges")

CORRECT: dict[str, list[Answer]] = {
    "standardise": [
        _answer("""
def standardise(x):
    mean, deviation = np.mean(x, axis=0), np.std(x, axis=0)
    deviation[deviation == 0] = 1
    return (x - mean) / deviation
"""),
        _answer("""
def standardise(x):
    columns = []
    for column in x.T:
        spread = column.std()
        columns.append((column - column.mean()) / spread if spread > 0 else np.zeros_like(column))
    return np.stack(columns, axis=1)
"""),
        _answer("""
def standardise(x):
    centred = x - x.mean(0)
    variance = (centred ** 2).mean(0)
    print("variance per column:", variance)
    return np.divide(centred, np.sqrt(variance), out=np.zeros_like(centred), where=variance > 0)
"""),
        _answer("""
class Scaler:
    def fit(self, x):
        self.mean_, self.scale_ = x.mean(axis=0), x.std(axis=0)
        self.scale_ = np.where(self.scale_ == 0, 1.0, self.scale_)
        return self

    def transform(self, x):
        return (x - self.mean_) / self.scale_


standardise = lambda x: Scaler().fit(x).transform(x)
"""),
    ],
    "softmax": [
        _answer("""
def softmax(scores):
    shifted = scores - np.max(scores, axis=1)[:, None]
    e = np.exp(shifted)
    return e / np.sum(e, axis=1)[:, None]
"""),
        _answer("""
def softmax(scores):
    rows = []
    for row in scores:
        e = np.exp(row - row.max())
        rows.append(e / e.sum())
    return np.array(rows)
"""),
        _answer("""
def softmax(scores):
    top = scores.max(axis=1, keepdims=True)
    log_sum = top + np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    return np.exp(scores - log_sum)
"""),
        _answer("""
import math

def softmax(scores):
    result = []
    for row in scores.tolist():
        top = max(row)
        e = [math.exp(value - top) for value in row]
        total = sum(e)
        result.append([value / total for value in e])
    return result
"""),
    ],
    "cross_entropy": [
        _answer("""
def cross_entropy(probabilities, labels):
    p = np.clip(probabilities, 1e-12, 1.0)
    return -np.mean(np.log(p[range(len(labels)), labels]))
"""),
        _answer("""
def cross_entropy(probabilities, labels):
    one_hot = np.eye(probabilities.shape[1])[labels]
    return -(one_hot * np.log(np.maximum(probabilities, 1e-12))).sum(axis=1).mean()
"""),
        _answer("""
def cross_entropy(probabilities, labels):
    total = 0.0
    for row, label in zip(probabilities, labels):
        total -= np.log(max(row[label], 1e-12))
    return total / len(labels)
"""),
        _answer("""
def cross_entropy(probabilities, labels):
    picked = np.take_along_axis(probabilities, labels[:, None], axis=1).squeeze(1)
    return float(np.average(-np.log(np.where(picked > 1e-12, picked, 1e-12))))
"""),
    ],
    "pairwise_distances": [
        _answer("""
def pairwise_distances(a, b):
    return np.linalg.norm(a[:, np.newaxis] - b[np.newaxis], axis=2)
"""),
        _answer("""
def pairwise_distances(a, b):
    result = np.empty((a.shape[0], b.shape[0]))
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            result[i, j] = np.sqrt(np.sum((a[i] - b[j]) ** 2))
    return result
"""),
        _answer("""
def pairwise_distances(a, b):
    shift = a.mean(axis=0)
    a, b = a - shift, b - shift
    squares = (a * a).sum(1)[:, None] + (b * b).sum(1)[None, :] - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0))
"""),
        _answer("""
def pairwise_distances(a, b):
    return np.array([np.hypot.reduce(row - b, axis=1) for row in a])
"""),
    ],
    "gradient_descent": [
        _answer("""
def gradient_descent(x, y, learning_rate, steps):
    n, f = x.shape
    w = np.zeros(f)
    for step in range(steps):
        error = np.dot(x, w) - y
        w -= learning_rate * (2.0 / n) * np.dot(x.T, error)
    return w
"""),
        _answer("""
def gradient_descent(x, y, learning_rate, steps):
    gram, moment = x.T @ x / len(x), x.T @ y / len(x)
    w = np.zeros_like(moment)
    for _ in range(steps):
        w = w - 2 * learning_rate * (gram @ w - moment)
    return w
"""),
        _answer("""
def gradient_descent(x, y, learning_rate, steps):
    w = np.zeros(x.shape[1])

    def gradient(w):
        return 2 * ((x @ w - y)[:, None] * x).mean(axis=0)

    while steps > 0:
        w = w - learning_rate * gradient(w)
        steps -= 1
    return w
"""),
        _answer("""
def gradient_descent(x, y, learning_rate, steps):
    w = [0.0] * x.shape[1]
    for _ in range(steps):
        error = x @ np.array(w) - y
        w = [w_j - learning_rate * 2 * float(np.mean(error * x[:, j])) for j, w_j in enumerate(w)]
    return np.array(w)
"""),
    ],
}

WRONG: dict[str, list[Answer]] = {
    "standardise": [
        _answer("def standardise(x):\n    return (x - x.mean(axis=0)) / x.std(axis=0)", "standardise_constant"),
        _answer(
            "def standardise(x):\n    return (x - x.mean()) / x.std()",
            "standardise_mean",
            "standardise_values",
            "standardise_constant",
        ),
        _answer("def standardise(x):\n    return (x - x.mean(axis=0)) / (x.std(axis=0) + 0.01)", "standardise_values"),
    ],
    "softmax": [
        _answer("def softmax(scores):\n    e = np.exp(scores)\n    return e / e.sum(axis=1, keepdims=True)", "softmax_large"),
        _answer("def softmax(scores):\n    e = np.exp(scores - scores.max())\n    return e / e.sum()", *_SOFTMAX),
    ],
    "cross_entropy": [
        _answer(
            "def cross_entropy(probabilities, labels):\n    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()",
            "cross_entropy_zero",
        ),
        _answer(
            "def cross_entropy(probabilities, labels):\n"
            "    p = np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)\n    return -np.log(p).sum()",
            "cross_entropy_mean",
            "cross_entropy_zero",
        ),
    ],
    "pairwise_distances": [
        _answer("def pairwise_distances(a, b):\n    return ((a[:, None] - b[None]) ** 2).sum(-1)", *_DISTANCES[:2]),
        _answer("def pairwise_distances(a, b):\n    return np.abs(a[:, None] - b[None]).sum(-1)", *_DISTANCES[:2]),
        _answer("def pairwise_distances(a, b):\n    return np.linalg.norm(a[:, None] - b[None], axis=-1).T", *_DISTANCES[:2]),
    ],
    "gradient_descent": [
        _answer(
            "def gradient_descent(x, y, learning_rate, steps):\n    w = np.zeros(x.shape[1])\n    for _ in range(steps):\n"
            "        w = w - learning_rate * x.T @ (x @ w - y) / len(x)\n    return w",
            "descent_one_step",
        ),
        _answer(
            "def gradient_descent(x, y, learning_rate, steps):\n    w = np.zeros(x.shape[1])\n    for _ in range(steps):\n"
            "        w = w + learning_rate * 2 / len(x) * x.T @ (x @ w - y)\n    return w",
            "descent_one_step",
            "descent_converges",
        ),
    ],
}

RAISING: dict[str, list[Answer]] = {
    "standardise": [
        _answer("def standardise(x):\n    raise NotImplementedError", *_STANDARDISE),
        _answer("def standardise(x):\n    return (x - mu) / sigma", *_STANDARDISE),
    ],
    "softmax": [_answer("def softmax(scores)\n    return np.exp(scores)", *_SOFTMAX)],  # no colon
    "cross_entropy": [
        _answer("def cross_entropy(probabilities, labels):\n    return -np.log(probabilities[labels == 1, 2, 3, 4])", *_ENTROPY)
    ],
    "pairwise_distances": [_answer("distances = np.zeros((n, m))\n\ndef pairwise_distances(a, b):\n    return a", *_DISTANCES)],
    "gradient_descent": [
        _answer("def gradient_descent(x, y, learning_rate):\n    return np.linalg.lstsq(x, y)[0]", *_DESCENT),
        _answer("def gradient_descent(x, y, learning_rate, steps):\n    return x @ y @ w", *_DESCENT),
    ],
}


def a_class(size: int = 40, seed: int = SEED) -> list[Submission]:
    """Return a class of students: of every ten, seven answer all correctly, two get one or two questions wrong, one raises.

    Args:
        size: how many students.
        seed: of the choice among the answers.
    """
    chance = random.Random(seed)
    students = []
    for number in range(size):
        kind = ("correct",) * 3 + ("wrong",) + ("correct",) * 2 + ("wrong",) + ("correct",) * 2 + ("raises",)
        answers = {function: chance.choice(styles) for function, styles in CORRECT.items()}
        mistakes = {"correct": {}, "wrong": WRONG, "raises": RAISING}[kind[number % 10]]
        for function in chance.sample(sorted(mistakes), k=min(len(mistakes), chance.choice([1, 1, 2]))):
            answers[function] = chance.choice(mistakes[function])
        students.append(Submission(f"student-{number + 1:04}", kind[number % 10], answers))
    return students
