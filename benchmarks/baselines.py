"""The weakest honest baseline of every recipe: `python benchmarks/baselines.py [--only RECIPE]`, with PRACTICUM_DATA set.

What somebody would try first: a few lines with a well-kept library at its defaults, fitted to the recipe's own training rows and
measured on its own test rows, in the metric of its target. Nothing is chosen by the test rows, and the values are the same each
time. `results/baselines.csv` has them, and `practicum results` puts them into RESULTS.md.
"""

import argparse
import csv
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from baselines import graphs, language, rules, vision
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from practicum.errors import PracticumError
from practicum.training.runs import recipes

TABLE = Path(__file__).parents[1] / "results" / "baselines.csv"
COLUMNS = ("recipe", "metric", "value", "baseline", "date", "versions")


@dataclass(frozen=True)
class Baseline:
    """How a recipe's task is done first.

    Attributes:
        words: what it is, for people.
        metric: what is measured: the target's.
        measure: returns the value, given the recipe and its experiment; None instead of that for a study.
        packages: that compute it, for the table's column of versions.
    """

    words: str
    metric: str
    measure: Callable[[Any, Any], float]
    packages: tuple[str, ...] = ("scikit-learn",)


PIXELS = Baseline("logistic regression on pixels", "accuracy", vision.pixels)
WORDS = Baseline("TF-IDF and logistic regression", "accuracy", language.words)
COPIED = Baseline("source words copied", "bleu", language.copied, ("sacrebleu",))
SPREAD = Baseline("labels spread over the citations", "accuracy", graphs.citations, ("networkx",))
NEARBY = Baseline("cosine of the counts of words nearby", "spearman", language.neighbours, ("scikit-learn", "scipy"))
DIGIT = Baseline("a guess", "accuracy", rules.a_digit, ())

BASELINES = {
    "ablation-fashion": Baseline("a network with nothing added", "together_loss", vision.plain_network),
    "alexnet-fashion": PIXELS,
    "bert-banking77": Baseline("TF-IDF weights from the unlabelled questions", "gain", language.read_before),
    "detector-bccd": Baseline("connected parts above Otsu's threshold", "map_50", vision.parts, ("scikit-image",)),
    "gat-citeseer": SPREAD,
    "gat-cora": SPREAD,
    "gcn-citeseer": SPREAD,
    "gcn-cora": SPREAD,
    "gin-attachment": Baseline("logistic regression on the most links of a node", "accuracy", graphs.most_links),
    "glove-books": NEARBY,
    "googlenet-fashion": PIXELS,
    "gpt-shakespeare": Baseline("how often a letter follows another", "loss", language.letter_pairs, ("numpy",)),
    "gradient-norms": Baseline("a plain network", "lstm_forget_3_drift", rules.plain_recurrence, ("torch",)),
    "lenet-mnist": PIXELS,
    "lstm-palindrome": DIGIT,
    "mamba-selective-copy": Baseline("a guess among the tokens", "accuracy", rules.a_token, ()),
    "mlp-digits": Baseline("logistic regression on pixels", "accuracy", rules.digits),
    "mlp-mnist": PIXELS,
    "mobilenet-fashion": PIXELS,
    "optimizer-race": Baseline("plain descent itself, by definition", "lead", rules.nothing, ()),
    "pca-digits": Baseline("logistic regression on plain coordinates", "moons_accuracy", rules.line),
    "perceptron-gaussians": Baseline("nearest class mean", "accuracy", rules.nearest_mean),
    "resnet-fashion": PIXELS,
    "rnn-banking77": WORDS,
    "rnn-palindrome": DIGIT,
    "s4d-row-mnist": PIXELS,
    "sage-cora": Baseline("logistic regression on the paper's words", "accuracy", graphs.words),
    "seq2seq-tatoeba": COPIED,
    "softmax-mnist": Baseline("nearest class mean", "accuracy", vision.mean_images),
    "textcnn-banking77": WORDS,
    "textcnn-reviews": WORDS,
    "transformer-tatoeba": COPIED,
    "unet-nuclei": Baseline("above Otsu's threshold", "dice", vision.threshold, ("scikit-image",)),
    "vgg-fashion": PIXELS,
    "vit-fashion": PIXELS,
    "word2vec-books": NEARBY,
}


def measured(name: str) -> float:
    """Return the value of a recipe's baseline.

    Raises:
        PracticumError: the full data are not here.
    """
    recipe = recipes.load(name)()
    run = recipe.build(0) if hasattr(recipe, "build") else None
    if run is not None and run.sample:
        raise PracticumError(f"{name}: expected the full data, got the packaged sample's; PRACTICUM_DATA says where they are")
    return BASELINES[name].measure(recipe, run)


def write(path: Path, values: dict[str, float]) -> None:
    """Put values, by recipe, into the table; rows of other recipes stay, and those of recipes that are gone go."""
    rows: dict[str, dict[str, str]] = {}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            rows = {row["recipe"]: row for row in csv.DictReader(file) if row["recipe"] in BASELINES}
    for name, value in values.items():
        versions = [f"python {platform.python_version()}", *(f"{each} {version(each)}" for each in BASELINES[name].packages)]
        rows[name] = {
            "recipe": name,
            "metric": BASELINES[name].metric,
            "value": f"{value:.6g}",
            "baseline": BASELINES[name].words,
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "versions": ", ".join(versions),
        }
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[name] for name in sorted(rows))


def main(arguments: list[str] | None = None) -> None:
    """Measure, and keep the values in results/baselines.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="RECIPE", help="this one's baseline; may be given more than once")
    args = parser.parse_args(arguments)
    if unknown := set(args.only or ()) - BASELINES.keys():
        parser.error(f"no recipe {', '.join(sorted(unknown))}; there are: {', '.join(BASELINES)}")
    if not os.environ.get("PRACTICUM_DATA"):
        parser.error("expected PRACTICUM_DATA to name the folder with the full data; the packaged samples are too small")
    bar = tqdm(args.only or BASELINES, unit="recipe")
    for name in bar:
        bar.set_description(name)
        try:
            with threadpool_limits(1):  # sums in another order would make other last digits
                value = measured(name)
        except PracticumError as error:
            parser.exit(1, f"{error}\n")
        write(TABLE, {name: value})  # each at once: a run that is broken off keeps what it has
        bar.write(f"{name}: {BASELINES[name].metric} {value:.4g} ({BASELINES[name].words})")


if __name__ == "__main__":
    main()
