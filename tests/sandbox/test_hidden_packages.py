"""What of Practicum lies among Python's packages is hidden wherever the sandbox shows packages."""

from __future__ import annotations

import pytest

from practicum.sandbox import bwrap

HIDDEN = ("practicum", "practicum_curriculum", "practicum-9.1.dist-info", "practicum_curriculum-9.1.dist-info")


@pytest.mark.parametrize(
    "packages", ["lib/python3/dist-packages", "lib/python3.99/site-packages", "lib64/python3.99/site-packages"]
)
def test_in_every_folder_of_packages_that_a_system_has(tmp_path, monkeypatch, packages):
    folder = tmp_path / packages
    for name in (*HIDDEN, "numpy", "practicum_peer"):
        (folder / name).mkdir(parents=True)
    monkeypatch.setattr(bwrap, "_SYSTEM", (tmp_path,))
    _, hide, _ = bwrap._python_folders()
    assert {path for path in hide if path.is_relative_to(tmp_path)} == {folder / name for name in HIDDEN}


def test_a_lab_is_graded_where_it_is_hidden_and_nowhere_else_among_the_packages(tmp_path, monkeypatch):
    site = tmp_path / "site-packages"
    for package in ("practicum_curriculum", "other"):
        (site / package / "labs" / "perceptron").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(site))
    bwrap.refuse_visible(site / "practicum_curriculum" / "labs" / "perceptron")
    with pytest.raises(bwrap.NoSandbox, match=r"which the sandbox shows to the student.s code"):
        bwrap.refuse_visible(site / "other" / "labs" / "perceptron")
