"""The site builds without a broken link, and its generated pages say what the code and the results say."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from practicum.training.runs import recipes

ROOT = Path(__file__).parents[1]


def build(into: Path, config: Path = ROOT / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(into), "--config-file", str(config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"NO_MKDOCS_2_WARNING": "1"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def text(page: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.read_text()))


def test_every_recipe_and_reference_has_its_page(site: Path) -> None:
    for name in recipes.names():
        page = text(site / "recipes" / name / "index.html")
        assert f"$ practicum train {name}" in page
        assert str(recipes.load(name).target) in page
    for shelf in ("classic", "autograd", "models", "methods"):
        for file in (recipes.PACKAGE / shelf).rglob("*.py"):
            if not file.name.startswith("_"):
                assert (
                    site / "reference" / shelf / file.relative_to(recipes.PACKAGE / shelf).with_suffix("") / "index.html"
                ).is_file()


def test_a_page_carries_equations_recipes_and_results(site: Path) -> None:
    page = text(site / "reference" / "models" / "gcn" / "index.html")
    assert "src/practicum/models/gcn.py" in page
    assert "gcn-cora" in page
    assert "gcn-citeseer" in page
    values = [json.loads(path.read_text())["value"] for path in (ROOT / "results" / "gcn-cora").glob("[0-9]*.json")]
    assert f"accuracy {sum(values) / len(values):.4g} ±" in text(site / "recipes" / "gcn-cora" / "index.html")


def test_a_broken_link_fails_the_build(tmp_path: Path) -> None:
    """The check itself, on a site of one page."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Start\n\n[nowhere](missing.md)\n")
    whole = (ROOT / "mkdocs.yml").read_text()
    (tmp_path / "mkdocs.yml").write_text(whole.replace("hooks: [docs/hooks/house.py, docs/hooks/pages.py]\n", ""))
    done = build(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert done.returncode != 0
    assert "missing.md" in done.stderr


def test_the_picture_of_the_house_is_of_these_contracts() -> None:
    sys.path.insert(0, str(ROOT / "docs" / "hooks"))
    try:
        import house
    finally:
        sys.path.remove(str(ROOT / "docs" / "hooks"))
    assert house.PICTURE.read_text(encoding="utf-8") == house.draw(), "run python docs/hooks/house.py"
    assert "integrity" in house.draw()
