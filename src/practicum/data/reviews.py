"""Snippets of film reviews (Pang & Lee 2005) with human scores of their sentiment (Hutto & Gilbert 2014, "VADER")."""

import gzip

import torch

from practicum.data import store
from practicum.data.store import Dataset, File
from practicum.data.texts import Texts

REVIEWS = Dataset(
    "registry_text",
    title="10,605 snippets of film reviews, each scored by twenty people",
    licence="MIT",
    source="Hutto & Gilbert 2014, https://github.com/cjhutto/vaderSentiment",
    files=(
        File(
            "vader_movieReviewSnippets.tsv.gz", "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350", None, 558822
        ),
    ),
    sample=("vader_movie_3000.tsv.gz",),
)
CLASSES = ("negative", "positive")


def reviews() -> Texts:
    """Return snippets with label 1 where their mean score is positive; every fifth one is for testing.

    That makes 8,454 and 2,114 in the full set (37 with a score of exactly 0 are left out), 2,400 and 600 in the sample.
    """
    folder = store.find(REVIEWS)
    path = store.sample(REVIEWS)[0] if folder is None else folder / REVIEWS.files[0].name
    rows = [line.split("\t") for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()]
    if folder is None:
        scored = [(row[1], row[0] == "1") for row in rows]
    else:
        scored = [(row[2], float(row[1]) > 0) for row in rows if float(row[1]) != 0]
    train, test = [row for i, row in enumerate(scored) if i % 5], scored[::5]
    return Texts(
        tuple(text for text, _ in train), torch.tensor([int(label) for _, label in train]),
        tuple(text for text, _ in test), torch.tensor([int(label) for _, label in test]),
        CLASSES, folder is None,
    )  # fmt: skip
