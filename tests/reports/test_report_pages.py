"""The class report as it is read: names and links, table heads, contrast of every text, and rows on a phone."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest

import practicum
from practicum.demo.invented_class import names, whole_name
from practicum.reports.class_report import write_report
from practicum.reports.pages import STYLE
from tests.grading.tiny import tiny_lab
from tests.reports.test_class_report import EVIL, check, stored

OUTCOMES = ["passed", "timeout", "partial", "crashed", "failed", "memory", "raised"]
POINTS = {"passed": "2", "partial": "1"}


class Tree(HTMLParser):
    """Every element with its attributes and the text below it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = (tag, dict(attrs), [])
        self.found.append(element)
        if tag not in ("meta", "br", "path", "use"):
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, _, words in self._open:
            words.append(data)

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, " ".join("".join(words).split())) for name, attrs, words in self.found if name == tag]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a class of 24 with fourteen checks; all but the last four have a page."""
    folder = tmp_path_factory.mktemp("feedback")
    lab = tiny_lab(folder / "lab" / "sums")
    pages = folder / "sums & more"
    pages.mkdir()
    results = []
    for n, (who, _, _) in enumerate(names(24)):
        outcomes = [OUTCOMES[(n * j + n + j) % len(OUTCOMES)] for j in range(14)]
        checks = [check(f"test_number_{j}", o, POINTS.get(o, "0"), hidden=j % 2 == 1) for j, o in enumerate(outcomes)]  # type: ignore[arg-type]
        results.append(stored(who, *checks))
        if n < 20:
            (pages / f"{who}.html").write_text("a page")
    class_names = {who: whole_name(first, last) for who, first, last in names(24)} | {"s003": EVIL}
    return write_report(lab, results, folder / "sums-report.html", names=class_names, pages=pages)


def test_names_stand_beside_ids_and_ids_lead_to_the_pages_there_are(report: Path) -> None:
    html = report.read_text("utf-8")
    tree = Tree(html)
    heads = [words for attrs, words in tree.all("th") if attrs.get("scope") == "row"]
    assert {"s001Ada Abara", "s002王伟", "s009Imani García-Lorca", "s010Jonas Smith-Müller"} <= set(heads)
    links = {words: attrs["href"] for attrs, words in tree.all("a")}
    assert set(links) == {f"s{n:03}" for n in range(1, 21)}
    assert links["s001"] == "sums%20%26%20more/s001.html"
    assert "<script" not in html
    assert "\u202e" not in html


def test_without_names_and_pages_nothing_is_linked(report: Path, tmp_path: Path) -> None:
    lab = tiny_lab(tmp_path / "sums")
    tree = Tree(write_report(lab, [stored("s001", check("test_a"))], tmp_path / "r.html", pages=tmp_path / "none").read_text())
    assert tree.all("a") == []
    assert [words for attrs, words in tree.all("th") if attrs.get("scope") == "row"] == ["s001"]


def test_tables_have_captions_and_every_head_a_scope(report: Path) -> None:
    tree = Tree(report.read_text("utf-8"))
    assert tree.all("html")[0][0] == {"lang": "en"}
    assert len(tree.all("table")) == len(tree.all("caption")) == 2
    assert all(words for _, words in tree.all("caption"))
    heads = tree.all("th")
    assert heads
    assert {attrs.get("scope") for attrs, _ in heads} == {"row", "col"}
    assert all(words for _, words in heads)
    assert all(attrs.get("aria-label") or attrs.get("aria-labelledby") for attrs, _ in tree.all("svg"))


# Contrast (WCAG 2, success criterion 1.4.3: at least 4.5 to 1), computed from the style sheets themselves.

SHEETS = {
    sheet.name: sheet.read_text("utf-8")
    for sheet in [*STYLE.glob("*.css"), Path(practicum.__file__).parent / "integrity/style.css"]
}
PALETTES = [
    dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", block)) for block in re.findall(r":root\s*{(.*?)}", SHEETS["page.css"], re.S)
]
FILLS = {"good-fill", "part-fill", "bad-fill"}


def used(declaration: str) -> set[str]:
    """The variables that all style sheets use for something."""
    return set(re.findall(rf"(?<![\w-]){declaration}:\s*var\(--([\w-]+)\)", "\n".join(SHEETS.values())))


TEXTS = used("color")
SURFACES = used("background")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mixed(over: str, under: str, share: float) -> str:
    pairs = [(int(over[at : at + 2], 16), int(under[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def test_the_style_sheets_are_understood() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert [len(palette) for palette in PALETTES] == [len(PALETTES[0])] * 2, "light and dark name the same colours"
    assert {"ink", "soft", "good", "part", "bad", "link"} <= TEXTS
    assert {"paper", "raised"} <= SURFACES
    plain = re.sub(r":root\s*{.*?}", "", "\n".join(SHEETS.values()), flags=re.S)
    assert not re.findall(r"(?<![\w-])(?:color|background):\s*#", plain), "every colour has a name, so that dark mode has it, too"


@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark"])
def test_every_text_can_be_read_on_every_surface(palette: dict[str, str]) -> None:
    pairs = {(text, surface): (palette[text], palette[surface]) for text, surface in product(TEXTS, SURFACES - FILLS - {"bar"})}
    pairs |= {("on-fill", fill): (palette["on-fill"], palette[fill]) for fill in FILLS}
    for kind, fill, percent in re.findall(r"\.(\w+) {[^}]*color-mix\(in srgb, var\(--([\w-]+)\) (\d+)%", SHEETS["style.css"]):
        surface = mixed(palette[fill], palette["paper"], int(percent) / 100)
        pairs["ink", kind] = (palette["ink"], surface)
        if f".{kind} span {{ color: var(--ink)" not in SHEETS["style.css"]:  # the numbers of lines
            pairs["soft", kind] = (palette["soft"], surface)
    assert ("ink", "strong") in pairs
    low = {pair: round(contrast(*colours), 2) for pair, colours in pairs.items() if contrast(*colours) < 4.5}
    assert low == {}


def test_plots_write_in_the_pages_colours(report: Path) -> None:
    html = report.read_text("utf-8")
    for opening, style in re.findall(r"<(g|text)\b[^>]*style=\"([^\"]*)\"", html):
        for colour in re.findall(r"(?:^|;)\s*(?:fill|color):\s*([^;\"]+)", style):
            assert colour.startswith(("var(--", "none")), f"{opening} has {colour}"
    assert "fill: var(--on-fill)" in html


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium to lay the page out")
def test_no_row_is_tall_and_empty_on_a_phone(report: Path, tmp_path: Path) -> None:
    html = re.sub(r"<meta http-equiv=[^>]*>", "", report.read_text("utf-8"))
    measure = (
        "<script>document.title = [...document.querySelectorAll('tr')].map(r => Math.round(r.offsetHeight)).join(' ')</script>"
    )
    page = tmp_path / "page.html"
    page.write_text(html.replace("</body>", f"{measure}</body>"), "utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    dumped = subprocess.run(
        [*command, "--window-size=390,844", "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=300, check=False
    )
    title = re.search(r"<title>([\d ]+)</title>", dumped.stdout)
    assert title, dumped.stderr[-2000:]
    heights = [int(height) for height in title[1].split()]
    assert len(heights) == 2 + 14 + 24
    assert max(heights) < 120, "five lines of text at most"
