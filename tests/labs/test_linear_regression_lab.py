"""The linear regression lab graded as real notebooks: what a correct student's notebook is like costs nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from practicum.labs.handout import starter_files
from practicum.labs.lab import find_lab
from practicum.store.results import GradedSubmission
from tests.conftest import every_other
from tests.labs.linear_regression import FULL, NAME, Cells, code_cells, find, lost, source

pytestmark = pytest.mark.slow

Change = Callable[[Cells], Any]


def code(*lines: str, **more: Any) -> dict[str, Any]:
    """A code cell."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": "\n".join(lines)}
    return cell | more


def first(*lines: str) -> Change:
    """A new cell before all others."""
    return lambda cells: cells.insert(0, code(*lines))


def last(*lines: str) -> Change:
    """A new cell after all others."""
    return lambda cells: cells.append(code(*lines))


def everywhere(*lines: str) -> Change:
    """The same new cell before every cell of the notebook, and at its end."""

    def change(cells: Cells) -> None:
        cells[:] = [new for cell in cells for new in (code(*lines), cell)] + [code(*lines)]

    return change


def out_of_order(cells: Cells) -> None:
    for count, cell in zip([31, 7, None, 7, 2, 118, 5, 4, 3, 1], code_cells(cells), strict=False):
        cell["execution_count"] = count


def saved_outputs(cells: Cells) -> None:
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "0f3c", "version_major": 2, "version_minor": 0}}
    for cell in code_cells(cells):
        cell["execution_count"] = 1
        cell["outputs"] = [
            {"output_type": "stream", "name": "stdout", "text": ["20 / 20 points\n"] * 1000},
            {"output_type": "stream", "name": "stderr", "text": "UserWarning: look out\n"},
            {
                "output_type": "display_data",
                "metadata": {},
                "data": {"image/png": "iVBORw0KGgo=" * 20_000, "text/plain": "<Figure>"},
            },
            {"output_type": "display_data", "metadata": {}, "data": widget},
            {"output_type": "error", "ename": "NotImplementedError", "evalue": "", "traceback": ["\u001b[0;31mError\u001b[0m"]},
        ]


def same_ids(cells: Cells) -> None:
    for cell in cells:
        cell["id"] = "5a5a5a5a"


def no_ids(cells: Cells) -> None:
    for cell in cells:
        cell.pop("id", None)
        cell["source"] = source(cell)


def magics_in_cells(cells: Cells) -> None:
    for cell in code_cells(cells):
        if "def gradient_descent" in source(cell):
            cell["source"] = "%%time\n" + source(cell)
        elif "def closed_form" in source(cell):
            cell["source"] = "%%capture output\n" + source(cell) + "\n%timeit -n 1 closed_form(X_train, y_train)\nclosed_form?"
        elif "def standardise" in source(cell):
            cell["source"] = "!nvidia-smi\n%pwd\nfiles = !ls\n" + source(cell) + "\n%time Z, _ = standardise(X_train, X_test)"
    cells.insert(0, code("%load_ext autoreload", "%autoreload 2", "%config InlineBackend.figure_format = 'retina'", "%env A=b"))
    cells.insert(3, code("%%bash", "for f in *; do echo $f; done"))
    cells.insert(5, code("%%writefile helper.py", "def f(: pass"))
    cells.insert(7, code("%%html", "<b>bold</b>"))
    cells.append(code("?torch.linalg.lstsq"))


def cells_deleted(cells: Cells) -> None:
    """Only the imports and the cells with functions are left; what was written in between goes too."""
    cells[:] = [cell for cell in code_cells(cells) if "import torch" in source(cell) or source(cell).lstrip().startswith("def ")]


def a_first_attempt(cells: Cells) -> None:
    """A first attempt stays above the cell that works."""
    cells.insert(3, code("def closed_form(X, y, ridge=0.0):", "    return torch.inverse(X) @ y"))
    cells.insert(4, code("closed_form(X_train, y_train)"))


def other_cells(cells: Cells) -> None:
    """Raw cells, attachments, an empty cell, and metadata of several front ends."""
    cells.insert(0, {"cell_type": "raw", "metadata": {}, "source": "---\ntitle: x\n---"})
    cells.insert(1, {"cell_type": "markdown", "metadata": {}, "source": "![](attachment:a.png)", "attachments": {"a.png": {}}})
    cells.insert(2, code(""))
    for cell in cells:
        cell["metadata"] = {"colab": {"base_uri": "https://localhost:8080/"}, "tags": ["x"], "jupyter": {"source_hidden": True}}


COLAB = (
    "from google.colab import drive, files",
    "drive.mount('/content/drive', force_remount=True)",
    "%cd /content/drive/MyDrive/linear-regression",
    "import sys",
    "sys.path.append('/content/drive/MyDrive/linear-regression')",
    "for name in files.upload():",
    "    print(name)",
    "import os",
    "os.chdir('/content/drive/MyDrive/linear-regression')",
)
FRONT_END = (
    "import IPython",
    "from IPython.core.interactiveshell import InteractiveShell",
    "from IPython.display import HTML, clear_output, display",
    "from ipywidgets import interact",
    "from matplotlib_inline.backend_inline import set_matplotlib_formats",
    "InteractiveShell.ast_node_interactivity = 'all'",
    "set_matplotlib_formats('svg')",
    "shown = display(HTML('<b>here</b>'), display_id=True)",
    "shown.update('there')",
    "clear_output(wait=True)",
    "get_ipython().system('ls')",
    "IPython.get_ipython().run_line_magic('matplotlib', 'inline')",
)
PLOTS = (
    "import matplotlib.pyplot as plt",
    "plt.style.use('ggplot')",
    "plt.rcParams['figure.figsize'] = 8, 3",
    "for i in range(25):",
    "    plt.figure()",
    "    plt.semilogy([1, i + 1], label=str(i))",
    "plt.legend();",
    "plt.savefig('curve.png')",
    "plt.show()",
)
WARNINGS = (
    "import warnings",
    "import sys",
    "import torch",
    "warnings.warn('this will change')",
    "torch.nn.MSELoss()(torch.ones(3, 1), torch.ones(3))",
    "print('to stderr', file=sys.stderr)",
)
PROGRESS = (
    "from tqdm import tqdm, trange",
    "from tqdm.auto import tqdm as auto",
    "from tqdm.autonotebook import tqdm as either",
    "from tqdm.notebook import tqdm as notebook, trange as notebook_range, tqdm_notebook",
    "for bar in (tqdm, auto, either, notebook, tqdm_notebook):",
    "    with bar(range(30), desc='epochs') as epochs:",
    "        for epoch in epochs:",
    "            epochs.set_postfix(loss=1 / (epoch + 1))",
    "list(trange(3)), list(notebook_range(3, leave=False))",
)
DEVICE = ("import torch", "device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')", "torch.ones(3).to(device)")

HARMLESS: dict[str, Change] = {
    "nothing": lambda cells: None,
    "execution counts out of order": out_of_order,
    "saved outputs": saved_outputs,
    "the same id in every cell": same_ids,
    "no ids, sources as one text": no_ids,
    "magics and shell commands": magics_in_cells,
    "%pip and !pip install": first(
        "!pip install -q torch==1.0 practicum", "%pip install tqdm", "!apt-get update && \\", "  apt-get upgrade"
    ),
    "Colab's drive": first(*COLAB),
    "display, IPython and widgets": everywhere(*FRONT_END),
    "many plots": first(*PLOTS),
    "progress bars of every kind": everywhere(*PROGRESS),
    "warnings": everywhere(*WARNINGS),
    "input()": everywhere("name = input('your name: ')"),
    "a failing cell at the end": last("assert False, 'unfinished'"),
    "a failing cell before each": everywhere("undefined_name + 1"),
    "a cell that is no Python": everywhere("this is no python ("),
    "sys.exit() in a cell": everywhere("import sys", "sys.exit(0)"),
    "much printed": everywhere("for i in range(400):", "    print('epoch', i, 'loss', 1 / (i + 1))"),
    "unrelated cells deleted": cells_deleted,
    "a first attempt above": a_first_attempt,
    "raw cells, attachments, metadata": other_cells,
    "seeds": everywhere("import random, numpy, torch", "random.seed(0); numpy.random.seed(0); torch.manual_seed(0)"),
    "the device idiom": first(*DEVICE),
    "the notebook's data overwritten": last("X = y = w = b = X_train = y_train = None"),
    "autograd left switched off": last("import torch", "torch.set_grad_enabled(False)"),
    "float64 by default": last("import torch", "torch.set_default_dtype(torch.float64)"),
    "an unguarded check": last("import practicum", "practicum.check('linear-regression')"),
    "another kernel": lambda cells: None,
}


# All of them at once are tried below; these by themselves too, where one may hide what another does.
ALONE = {
    "progress bars of every kind",
    "a failing cell before each",
    "sys.exit() in a cell",
    "autograd left switched off",
}


@pytest.mark.parametrize("name", [name if name in ALONE else pytest.param(name, marks=pytest.mark.thorough) for name in HARMLESS])
def test_costs_nothing(name: str, regression: dict[str, Any], grade_regression: Callable[..., GradedSubmission]) -> None:
    notebook = copy.deepcopy(regression)
    HARMLESS[name](notebook["cells"])
    if name == "another kernel":
        notebook["metadata"] = {"kernelspec": {"name": "conda-env-dl-py", "language": "python"}, "accelerator": "GPU"}
    result = grade_regression(notebook)
    assert lost(result) == {}
    assert result.points == FULL
    assert result.restarts == 0


def test_all_at_once(regression: dict[str, Any], grade_regression: Callable[..., GradedSubmission]) -> None:
    notebook = copy.deepcopy(regression)
    for name in (
        "Colab's drive",
        "many plots",
        "progress bars of every kind",
        "warnings",
        "input()",
        "a failing cell at the end",
    ):
        HARMLESS[name](notebook["cells"])
    for name in ("execution counts out of order", "saved outputs", "the same id in every cell", "magics and shell commands"):
        HARMLESS[name](notebook["cells"])
    assert lost(grade_regression(notebook)) == {}


def test_older_format_byte_order_mark_and_a_slow_import_that_is_there_already(
    regression: dict[str, Any], grade_regression: Callable[..., GradedSubmission]
) -> None:
    """What an optimiser imports takes seconds; every submission finds it there when it starts."""
    regression = copy.deepcopy(regression)
    first("import os, sys", "if 'torch._dynamo' not in sys.modules:", "    os._exit(1)")(regression["cells"])
    sheet = [{"cell_type": "code", "input": cell["source"], "outputs": []} for cell in code_cells(regression["cells"])]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": sheet}]}
    result = grade_regression(b"\xef\xbb\xbf" + json.dumps(old).encode())
    assert lost(result) == {}
    assert (result.restarts, result.notes) == (0, ())


GRADIENT_DESCENT = {"test_first_step", "test_path", "test_converges", "test_dtypes"}
CLOSED_FORM = {"test_closed_form_plane", "test_ridge_on_paper", "test_closed_form_random", "test_ridge", "test_badly_scaled"}
NEEDS = {
    "def closed_form": {*CLOSED_FORM, "test_dtypes"},
    "def gradient": {"test_gradient", "test_gradient_by_hand", "test_one_example", *GRADIENT_DESCENT},
    "def standardise": {"test_standardise", "test_standardise_other", "test_dtypes"},
    "def train": {"test_train_one_epoch", "test_train_every_epoch", "test_fit_linear", "test_fit_linear_new_points"},
    "def mse": {"test_predict", "test_mse", "test_gradient", "test_gradient_by_hand", "test_one_example", *GRADIENT_DESCENT},
}


@pytest.mark.parametrize("function", every_other(NEEDS))
def test_a_syntax_error_costs_what_needs_it(
    function: str, regression: dict[str, Any], grade_regression: Callable[..., GradedSubmission]
) -> None:
    notebook = copy.deepcopy(regression)
    cell = find(notebook["cells"], function + "(")
    cell["source"] = source(cell) + "\n)"
    result = grade_regression(notebook)
    assert set(lost(result)) == NEEDS[function]
    messages = [check.message for check in result.checks if check.name in NEEDS[function] and not check.hidden]
    assert any("SyntaxError" in message for message in messages)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (1, 2))])
def test_the_handout_earns_nothing(seed: int, grade_regression: Callable[..., GradedSubmission]) -> None:
    result = grade_regression(starter_files(find_lab("linear-regression"))[NAME], seed)
    assert result.points == 0
    assert {check.outcome for check in result.checks} == {"missing"}
