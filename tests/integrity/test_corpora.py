"""The corpora for finding copies: programs that differ and run, copies that do what they say."""

import ast
import contextlib
import io
import json
import random
import re

import pytest
from copies import disguise, surgery
from copies.corpora import TITLES, Corpus, corpus, independent
from copies.fragments import CHOICE, pieces
from copies.handout import handout
from copies.pools import LITERALS, NAMES
from copies.populations import CHOSEN_ON, DEPTHS, FEW_ANSWERS, ONE_SOURCE, PROVEN_ON, disguised, population
from copies.programs import STATED, TEMPLATES, program, templates

pytestmark = pytest.mark.slow

KEEPING = (  # what leaves every printed number as it is
    disguise.rename, disguise.drop_comments, disguise.translate_comments, disguise.reorder_functions, disguise.reorder_statements,
    disguise.insert_dead_code, disguise.drop_parentheses, disguise.swap_augmented, disguise.swap_formatting,
    surgery.split_function, surgery.inline_helper, surgery.swap_loops,
)  # fmt: skip


def printed(source: str) -> list[str]:
    """Runs a program and returns the lines with a number that it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "network.py", "exec"), {"__name__": "__main__"})
    return [line for line in out.getvalue().splitlines() if re.search(r"\d", line)]


def code(corpus: Corpus) -> list[str]:
    """Returns the code of each submission."""
    found = []
    for files in corpus.files.values():
        ((name, content),) = files.items()
        if name.endswith(".ipynb"):
            cells = json.loads(content)["cells"]
            found.append("\n\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"))
        else:
            found.append(content.decode())
    return found


def test_every_piece_has_six_solutions_and_names_for_all_it_uses():
    assert set(pieces()) == set(STATED)
    for piece in pieces().values():
        assert len(piece.solutions) >= 6
        for number, solution in enumerate(piece.solutions):
            assert number >= TEMPLATES or len(CHOICE.findall(solution)) >= 2, (piece.name, number)
            for way in (0, -1):
                tree = ast.parse(CHOICE.sub(lambda found, way=way: found[1].split("¦")[way], solution))
                assert disguise.own_names(tree) <= NAMES.keys()
                assert {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id.startswith("lit_")} <= LITERALS.keys()


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.thorough) if name in "BDE" else name for name in TITLES])
def test_a_corpus_has_different_programs_and_five_pairs(name):
    made = corpus(name, seed=1, size=20)
    programs = code(made)
    assert len(made.files) == 20
    assert len(set(programs)) == 20
    for source in programs:
        ast.parse(source)
        assert name in "DE" or 220 <= len(source.splitlines()) <= 250
    assert len(made.planted) == 5
    assert len({student for pair in made.planted for student in pair}) == 10
    assert {student for pair in made.planted for student in pair} <= made.files.keys()
    assert bool(made.given) == (name == "F")


@pytest.mark.parametrize("name", [pytest.param("D", marks=pytest.mark.thorough), "F"])
def test_the_seed_decides(name):
    made = corpus(name, seed=2, size=10)
    assert corpus(name, seed=2, size=10) == made
    assert corpus(name, seed=3, size=10).files != made.files


@pytest.mark.parametrize("templates", [False, True])
def test_nobody_copied_in_an_independent_class(templates):
    made = independent(4, 12, templates=templates)
    assert made.planted == []
    assert len(set(code(made))) == 12


def test_the_handout_gives_most_lines():
    made = corpus("F", seed=5, size=20)
    given = set(made.given.decode().splitlines())
    for source in code(made):
        lines = source.splitlines()
        assert 0.7 < sum(line in given for line in lines) / len(lines) < 0.9


@pytest.mark.parametrize("seed", [pytest.param(0, marks=pytest.mark.thorough), 1])
def test_programs_and_their_copies_print_the_same_numbers(seed):
    rng = random.Random(seed)
    source = program(rng, rng.choice(templates(rng)) if seed % 2 else None, parentheses=0.1)
    expected = printed(source)
    assert len(expected) >= 3
    copied = source
    for change in KEEPING:
        assert printed(change(source, rng)) == expected, change.__name__
        copied = change(copied, rng)
    assert printed(copied) == expected


def test_a_filled_handout_runs():
    rng = random.Random(6)
    for _ in range(4):
        assert printed(handout(rng).filled(rng))


def test_renaming_leaves_no_name_and_keeps_what_is_not_the_students():
    source = program(random.Random(7))
    own = disguise.own_names(ast.parse(source))
    renamed = disguise.rename(source, random.Random(8), keep={"main"})
    assert not (own - {"main"}) & disguise.own_names(ast.parse(renamed))
    assert re.findall(r"np\.\w+", source) == re.findall(r"np\.\w+", renamed)


def test_changed_literals_are_all_that_changes():
    source = program(random.Random(9))
    changed = disguise.change_literals(source, random.Random(10))
    assert changed != source
    number = re.compile(r"\b\d[\d.e-]*")
    assert number.sub("0", changed) == number.sub("0", source)


def test_small_disguises_say_what_they_do():
    rng = random.Random(11)
    source = "def f(a, b):\n    # sum\n    x = (a + 1)\n    y = b\n    n = 0\n    n += 1\n    return f'{x} {y:.2f} {n}'\n"
    assert "#" not in disguise.drop_comments(source, rng)
    assert "# sum" not in disguise.translate_comments(source, rng)
    assert disguise.translate_comments(source, rng).count("#") == 1
    assert "x = a + 1" in disguise.drop_parentheses(source, rng)
    assert "n = n + 1" in disguise.swap_augmented(source, rng)
    assert "n += 1" in disguise.swap_augmented(disguise.swap_augmented(source, rng), rng)
    assert "'{} {:.2f} {}'.format(x, y, n)" in disguise.swap_formatting(source, rng)
    assert "{y:.2f}" in disguise.swap_formatting(disguise.swap_formatting(source, rng), rng)
    assert any("y = b\n    x =" in disguise.reorder_statements(source, random.Random(seed)) for seed in range(9))


def test_statements_that_depend_on_each_other_stay():
    source = "def f(a):\n    x = a + 1\n    y = x + 1\n    x = a * 2\n    z = g(x)\n    w = h()\n    return x, y, z, w\n"
    assert all(disguise.reorder_statements(source, random.Random(seed)) == source for seed in range(20))


def test_structural_disguises_say_what_they_do():
    rng = random.Random(12)
    source = "def g(x):\n    y = x + 1\n    return y * 2\n\n\n"
    source += "def f(a):\n    b = g(a)\n    c = [i for i in b]\n    d = c + b\n    return d\n"
    assert len(ast.parse(surgery.split_function(source, rng)).body) == 3
    assert len(ast.parse(surgery.inline_helper(source, rng)).body) == 1
    looped = surgery.swap_loops(source, rng)
    assert "c.append(i)" in looped
    assert "c = [i for i in b]" in surgery.swap_loops(looped, rng)


def test_a_merged_program_has_functions_of_both():
    rng = random.Random(13)
    mine, yours = program(rng), program(rng)
    merged = disguise.own_names(ast.parse(surgery.merge(mine, yours, rng)))
    assert merged & disguise.own_names(ast.parse(mine))
    assert merged & disguise.own_names(ast.parse(yours))


@pytest.mark.parametrize("kind", [*CHOSEN_ON, *PROVEN_ON, FEW_ANSWERS, ONE_SOURCE])
def test_a_population_writes_programs_that_differ(kind):
    write, rng = population(kind, 0), random.Random(1)
    programs = [write(rng) for _ in range(3)]
    assert len(set(programs)) == 3
    for source in programs:
        ast.parse(source)
    assert population(kind, 0)(random.Random(1)) == programs[0]


def test_a_deeper_disguise_keeps_less():
    source = program(random.Random(20))
    assert disguised(source, "identical", random.Random(1)) == source
    kept = [len({*disguised(source, depth, random.Random(1)).splitlines()} & {*source.splitlines()}) for depth in DEPTHS]
    assert kept == sorted(kept, reverse=True)
    assert kept[1] < kept[0] / 2
