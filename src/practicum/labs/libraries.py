"""The libraries that a lab needs, by the names under which `pip` installs them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.util import find_spec

_PACKAGES = {  # of modules that are called otherwise
    "Bio": "biopython",
    "PIL": "pillow",
    "cv2": "opencv-python",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "torch_geometric": "torch-geometric",
    "yaml": "pyyaml",
}

GRADER = ("numpy", "matplotlib", "mpl_toolkits", "scipy", "tqdm")
"""Modules that every grader has whatever the lab names: those of the base installation and of the extra `teach`."""

STAND_INS = ("IPython", "google", "ipywidgets", "matplotlib_inline", "practicum")
"""Modules that have something silent in their place when a notebook is graded."""


def packages(libraries: Iterable[str]) -> list[str]:
    """Return what has to be installed beside Practicum for modules like `torch.nn` and `sklearn.datasets`, each once."""
    modules = (name.partition(".")[0] for name in libraries)
    brought = {"numpy", *sys.stdlib_module_names}
    return list(dict.fromkeys(_PACKAGES.get(module, module) for module in modules if module not in brought))


def missing(libraries: Iterable[str]) -> list[str]:
    """Return those of the packages that are not installed here. Nothing is imported."""
    return packages(name for name in libraries if find_spec(name.partition(".")[0]) is None)


def lacking(what: str, libraries: Iterable[str]) -> str:
    """Say what is missing here, for which `what` cannot be done, and how to install it; nothing if nothing is."""
    if not (needed := missing(libraries)):
        return ""
    return f"{what} needs {joined(needed)}, not installed here: {install_line(needed)}"


def joined(words: list[str]) -> str:
    """Return words as a sentence lists them: `torch, scipy and pillow`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def install_line(packages: Iterable[str]) -> str:
    """Return the command that installs packages."""
    return " ".join(["pip install", *packages])
