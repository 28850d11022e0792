"""Reading submissions: cells, saved outputs, numbers, weights, misspellings; and whatever is broken or hostile in them."""

import io
import json
import zipfile

import numpy as np
import pytest

from practicum.integrity.submissions import MOST_CELLS, read_submission

IMAGE = "iVBORw0KGgo" * 60


def notebook(*cells: dict) -> bytes:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def code(source: str, *outputs: dict) -> dict:
    return {"cell_type": "code", "source": source.splitlines(keepends=True), "outputs": list(outputs)}


def npz(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def safetensors(**arrays: np.ndarray) -> bytes:
    header, body = {}, b""
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(body), len(body) + array.nbytes]}
        body += array.tobytes()
    told = json.dumps(header).encode()
    return len(told).to_bytes(8, "little") + told + body


def test_cells_are_one_program_and_lines_know_where_they_stand() -> None:
    cells = [code("import numpy as np\nx = np.ones(3)"), {"cell_type": "markdown", "source": "Words"}, code("%time y = x.sum()")]
    work = read_submission("ada", {"a.py": b"z = 1\n", "b.ipynb": notebook(*cells)})
    assert [(line.file, line.cell, line.number) for line in work.lines] == [
        ("a.py", 0, 1),
        ("a.py", 0, 2),
        ("b.ipynb", 1, 1),
        ("b.ipynb", 1, 2),
        ("b.ipynb", 2, 1),
    ]
    assert [(work.lines[s.first - 1].text, s.form.text) for s in work.statements] == [
        ("z = 1", "(= v N)"),
        ("x = np.ones(3)", "(= v (.ones N))"),
        ("y = x.sum()", "(= v (.sum v))"),
    ]
    assert work.prints.count == 3


def test_a_link_reaches_from_cell_to_cell_but_not_from_file_to_file() -> None:
    together = read_submission("a", {"n.ipynb": notebook(code("x = load(3)"), code("y = x.mean()"))})
    apart = read_submission("a", {"a.py": b"x = load(3)", "b.py": b"y = x.mean()"})
    assert set(apart.prints.hashes.tolist()) < set(together.prints.hashes.tolist())


def test_outputs_numbers_and_words() -> None:
    image = {"output_type": "display_data", "data": {"image/png": IMAGE, "text/plain": "<Figure>"}}
    printed = {"output_type": "stream", "text": ["loss 0.69315\n", "loss 0.4\n", "1.2345e-05"]}
    cells = [code("f()", image, printed), {"cell_type": "markdown", "source": ["The gradint is the gradint, of coarse. ", "A"]}]
    work = read_submission("ada", {"n.ipynb": notebook(*cells), "log.csv": b"step,loss\n1,0.12345\n"})
    assert list(work.outputs.values()) == ["n.ipynb, output of cell 1: an image"]
    assert work.decimals == {"0.69315", "1.2345e-05", "0.12345"}
    assert work.words == {"gradint": 2, "coarse": 1}


def test_weights_are_told_apart_by_their_bytes() -> None:
    a, b = np.arange(100, dtype=np.float32), np.arange(100, dtype=np.float32) + 1e-6
    one = read_submission("a", {"w.npz": npz(a=a, tiny=np.ones(3))}).arrays
    assert list(one.values()) == ["w.npz: a.npy"]
    assert one.keys() == read_submission("b", {"other.npz": npz(renamed=a)}).arrays.keys()
    assert one.keys() != read_submission("c", {"w.npz": npz(a=b)}).arrays.keys()
    assert read_submission("d", {"m.safetensors": safetensors(x=a, y=b)}).arrays.keys() == (
        read_submission("e", {"m.safetensors": safetensors(p=b, q=a)}).arrays.keys()
    )


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.npy", bytes(100 << 20))
    return out.getvalue()


HOSTILE = {
    "broken JSON": ("n.ipynb", b'{"cells": [', "not JSON"),
    "JSON of another kind": ("n.ipynb", b"[1, 2]", "JSON of another kind"),
    "deep JSON": ("n.ipynb", b"[" * 100_000, "nested too deep"),
    "not text": ("n.ipynb", b"\xc3\x28", "not text in UTF-8"),
    "half an archive": ("w.npz", npz(a=np.ones(1000))[:300], "could not be read"),
    "an archive that unpacks to 300 MB": ("w.npz", None, "more than 256 MiB unpacked"),
    "no header": ("w.safetensors", b"\xff" * 40, "no safetensors header"),
    "a header that is no JSON": ("w.safetensors", (10).to_bytes(8, "little") + b"x" * 40, "could not be read"),
    "a header of lists": ("w.safetensors", (8).to_bytes(8, "little") + b'{"a":[]}', "could not be read"),
    "code that is cut off": ("a.py", b"def f(", "line 1 could not be parsed"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_become_notes(what: str) -> None:
    name, data, note = HOSTILE[what]
    work = read_submission("eve", {name: bomb() if data is None else data, "z.py": b"x = 1"})
    assert len(work.statements) >= 1
    assert len(work.notes) == 1
    assert note in work.notes[0]
    assert work.notes[0].startswith(name)


def test_lines_that_do_not_parse_are_compared_by_their_tokens() -> None:
    one = read_submission("a", {"a.py": b"x = 1\nfor i in range(3) do\n    total := total + f(i  # so\ny = 2\n"})
    other = read_submission("b", {"b.py": b"a = 1\nfor j in range(9) do\n    s := s + g(j\nb = 2\n"})
    assert [(s.first, s.form.text) for s in one.statements if "tokens" in s.form.text] == [
        (2, "(tokens for v in range ( N ) v)"),
        (3, "(tokens v : = v + v ( v)"),
    ]
    assert set(one.prints.hashes.tolist()) == set(other.prints.hashes.tolist())


@pytest.mark.slow
def test_ten_thousand_cells() -> None:
    work = read_submission("eve", {"n.ipynb": notebook(*[code(f"x{i} = f({i})") for i in range(10_000)])})
    assert work.notes == [f"n.ipynb: only the first {MOST_CELLS:,} of 10,000 cells were compared"]
    assert len(work.statements) == MOST_CELLS


def test_cells_of_no_known_kind() -> None:
    odd = [3, None, {"cell_type": "code"}, {"cell_type": "code", "source": [1, "x = 1"], "outputs": 5}, {"source": "y"}]
    work = read_submission("eve", {"n.ipynb": notebook(*odd, code("z = 2", 7, {"data": 3}, {"text": None}))})  # type: ignore[arg-type]
    assert [statement.form.text for statement in work.statements] == ["(= v N)", "(= v N)"]
