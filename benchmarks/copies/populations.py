"""Honest classes of many kinds, and groups that copied, for measuring how sure the comparison is.

A `Population` is a class's way of working: each call writes one more program that nobody copied. They differ in how many right
answers there are and how often each is chosen.
"""

import random
from collections.abc import Callable, Collection
from functools import partial

from copies import disguise
from copies.corpora import RENAMED, REORDERED, Disguise
from copies.fragments import pieces
from copies.handout import handout
from copies.programs import STATED, Plan, Style, diverse, drawn, program, templates, written

Population = Callable[[random.Random], str]

CHOSEN_ON = ("diverse", "four templates")  # settings were chosen on these only
PROVEN_ON = ("popular answers", "two templates with changes", "boilerplate", "unknown handout", "short")
FEW_ANSWERS = "three to six pieces, popular answers"  # honest, and so short that some have a twin by chance
ONE_SOURCE = "one language model's answers"  # honest or not, who had the same help is as alike as who copied half
BOILERPLATE = ("make_data", "split_data", "standardise", "one_hot", "minibatches", "confusion", "report", "main")
DEPTHS: dict[str, tuple[Disguise, ...]] = {
    "identical": (),
    "renamed": RENAMED,
    "renamed, reordered": REORDERED,
    "renamed, reordered, dead code": (*REORDERED, disguise.insert_dead_code),
}
_SHORT = 6  # pieces of the assignment that the population "short" asks for, at least


def population(kind: str, seed: int) -> Population:
    """Return a way of working.

    Args:
        kind: one of `CHOSEN_ON` or `PROVEN_ON`, or `FEW_ANSWERS` or `ONE_SOURCE`.
        seed: decides the templates, which answers are popular, what the handout gives.
    """
    rng = random.Random(f"population {kind} {seed}")
    match kind:
        case "diverse":
            return program
        case "four templates":
            return partial(_follow, templates(rng), 0.0)
        case "two templates with changes":
            return partial(_follow, templates(rng)[:2], 0.2)
        case "popular answers":
            return partial(_popular, STATED, _by_popularity(rng))
        case str() if kind == FEW_ANSWERS:
            return partial(_popular, rng.sample(STATED[:-1], rng.randint(3, 6)), _by_popularity(rng))
        case "boilerplate":
            return partial(_assisted, [diverse(rng), diverse(rng)], BOILERPLATE)
        case str() if kind == ONE_SOURCE:
            return partial(_assisted, [diverse(rng), diverse(rng)], STATED)
        case "unknown handout":
            return handout(rng).filled
        case "short":
            return partial(_short, rng.sample(STATED[:-1], rng.randint(_SHORT, 2 * _SHORT)))
    raise ValueError(f"expected one of {', '.join((*CHOSEN_ON, *PROVEN_ON, FEW_ANSWERS, ONE_SOURCE))}, got {kind}")


def disguised(source: str, depth: str, rng: random.Random) -> str:
    """Return a copy of a program, as far disguised as `DEPTHS` says."""
    for change in DEPTHS[depth]:
        source = change(source, rng)
    return source


def _ways(piece: str) -> list[int]:
    return list(range(len(pieces()[piece].solutions)))


def _follow(plans: list[Plan], changes: float, rng: random.Random) -> str:
    """Follow one of the plans, each piece of it done in another way with a probability."""
    plan = rng.choice(plans)
    chosen = {name: rng.choice(_ways(name)) if rng.random() < changes else way for name, way in plan.solutions.items()}
    return _free(rng, Plan(chosen)) if changes else program(rng, plan)


def _by_popularity(rng: random.Random) -> dict[str, list[int]]:
    return {name: rng.sample(_ways(name), len(_ways(name))) for name in STATED}


def _popular(asked: Collection[str], order: dict[str, list[int]], rng: random.Random) -> str:
    """Take each piece by popularity: the k-th answer in proportion to k to the minus 1.5."""
    plan = [name for name in diverse(rng).solutions if name in asked]
    chosen = {name: rng.choices(order[name], [(k + 1) ** -1.5 for k in range(len(order[name]))])[0] for name in plan}
    return _free(rng, Plan(chosen))


def _assisted(answers: list[Plan], asked: Collection[str], rng: random.Random) -> str:
    """Ask one of two models, as half of the class does, for some pieces, and take three answers of four with their comments."""
    mine = diverse(rng)
    if rng.random() < 0.5:
        return _free(rng, mine)
    answer = rng.choice(answers)
    chosen = {
        name: way if name in asked and rng.random() < 0.75 else mine.solutions[name] for name, way in answer.solutions.items()
    }
    style = Style(rng)
    style.likes = dict.fromkeys(style.likes, 1.0)
    return written(drawn(rng, Plan(chosen)), style, rng.randint(20, 40))


def _short(asked: list[str], rng: random.Random) -> str:
    """Do a few pieces of the assignment only."""
    plan = diverse(rng)
    return _free(rng, Plan({name: way for name, way in plan.solutions.items() if name in asked}))


def _free(rng: random.Random, plan: Plan) -> str:
    """Write a program of whatever length the plan has."""
    return written(drawn(rng, plan), Style(rng, rng.choice((0.0, 0.0, 0.03))), rng.randint(0, 15))
