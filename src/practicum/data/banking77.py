"""Banking77: questions of a bank's customers, by intent (Casanueva et al. 2020, arXiv:2003.04807)."""

import csv
import json

import torch

from practicum.data import store
from practicum.data.store import Dataset, File
from practicum.data.texts import Texts

_FROM = "https://raw.githubusercontent.com/PolyAI-LDN/task-specific-datasets/master/banking_data/"
BANKING77 = Dataset(
    "banking77",
    title="Banking77, 13,083 questions of a bank's customers",
    licence="CC BY 4.0",
    source="Casanueva et al. 2020, arXiv:2003.04807, https://github.com/PolyAI-LDN/task-specific-datasets",
    files=(
        File("train.csv", "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b", f"{_FROM}train.csv", 839073),
        File("test.csv", "d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d", f"{_FROM}test.csv", 239961),
        File(
            "categories.json", "53261da888122daf2d120d925458631d9619e15d82e56052e7a42e535ce32b63", f"{_FROM}categories.json", 2036
        ),
    ),
)


def banking77() -> Texts:
    """Return 10,003 training and 3,080 test questions of 77 intents; seven test questions also stand in the training set.

    Raises:
        PracticumError: the set is not here.
    """
    folder = store.need(BANKING77)
    classes = tuple(json.loads((folder / "categories.json").read_text(encoding="utf-8")))
    label = {name: number for number, name in enumerate(classes)}
    texts, labels = [], []
    for name in ("train.csv", "test.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        texts.append(tuple(row["text"].strip() for row in rows))
        labels.append(torch.tensor([label[row["category"]] for row in rows]))
    return Texts(texts[0], labels[0], texts[1], labels[1], classes, sample=False)
