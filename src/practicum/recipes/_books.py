"""What the recipes for word vectors share: a map of some words, and their neighbours."""

from pathlib import Path

import torch

from practicum.methods.word_vectors import WordVectors

GROUPS = {
    "family": ["father", "mother", "son", "daughter", "brother", "sister", "wife", "husband"],
    "rule": ["king", "queen", "prince", "duke", "lord", "throne", "crown"],
    "sea": ["ship", "whale", "boat", "sail", "captain", "harpoon", "sea"],
    "body": ["hand", "head", "eye", "eyes", "foot", "heart", "tongue"],
    "numbers": ["two", "three", "four", "seven", "ten", "twelve", "hundred"],
    "faith": ["god", "priest", "altar", "prayer", "sin", "heaven", "soul"],
    "feelings": ["love", "hate", "fear", "joy", "grief", "anger", "sorrow"],
}


def draw_words(vectors: WordVectors, path: Path) -> None:
    """Draw the words of `GROUPS` by their two main directions (PCA), a colour for each group."""
    from matplotlib.figure import Figure

    groups = {name: [word for word in words if vectors.known(word)] for name, words in GROUPS.items()}
    rows = torch.tensor([vectors.place[word] for words in groups.values() for word in words])
    unit = vectors.unit_VD[rows]
    centred = unit - unit.mean(0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    places = (centred @ directions[:2].T).tolist()
    figure = Figure(figsize=(8, 6.5), layout="constrained")
    axes = figure.subplots()
    for number, (name, words) in enumerate(groups.items()):
        here, places = places[: len(words)], places[len(words) :]
        axes.scatter([x for x, _ in here], [y for _, y in here], s=14, color=f"C{number}", label=name)
        for word, (x, y) in zip(words, here, strict=True):
            axes.annotate(word, (x, y), xytext=(3, 3), textcoords="offset points", fontsize=8, color=f"C{number}")
    axes.legend(fontsize=8)
    axes.set_xlabel("first direction")
    axes.set_ylabel("second direction")
    figure.savefig(path, dpi=120)


def write_neighbours(vectors: WordVectors, path: Path, count: int = 8) -> None:
    """Write the nearest words of each word of `GROUPS`, with their cosines."""
    lines = []
    for words in GROUPS.values():
        for word in words:
            if vectors.known(word):
                near = ", ".join(f"{other} {cosine:.2f}" for other, cosine in vectors.neighbours(word, count))
                lines.append(f"{word:10} {near}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
