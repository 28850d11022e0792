"""CLINC150: requests to an assistant, by intent, and requests out of its scope (Larson et al. 2019, arXiv:1909.02027)."""

import json

import torch

from practicum.data import store
from practicum.data.store import Dataset, File
from practicum.data.texts import Texts

CLINC150 = Dataset(
    "clinc150",
    title="CLINC150, the small set: 16,200 requests to an assistant",
    licence="CC BY 3.0",
    source="Larson et al. 2019, arXiv:1909.02027, https://github.com/clinc/oos-eval",
    files=(
        File(
            "data_small.json",
            "050e17476e6b4fa88f8518edaf09921c8f5e3a86dc8b63615361102a20b2ac01",
            "https://raw.githubusercontent.com/clinc/oos-eval/master/data/data_small.json",
            1702451,
        ),
    ),
)
OUT_OF_SCOPE = "oos"


def clinc150(*, out_of_scope: bool = False) -> Texts:
    """Return 7,500 training, 3,000 validation and 4,500 test requests of 150 intents, the intents in alphabetical order.

    Args:
        out_of_scope: adds a last class `oos`, with 100, 100 and 1,000 requests.

    Raises:
        PracticumError: the set is not here.
    """
    data = json.loads((store.need(CLINC150) / "data_small.json").read_text(encoding="utf-8"))
    classes = sorted({intent for _, intent in data["train"]}) + [OUT_OF_SCOPE] * out_of_scope
    label = {name: number for number, name in enumerate(classes)}
    texts, labels = {}, {}
    for part in ("train", "val", "test"):
        rows = data[part] + (data[f"{OUT_OF_SCOPE}_{part}"] if out_of_scope else [])
        texts[part] = tuple(text for text, _ in rows)
        labels[part] = torch.tensor([label[intent] for _, intent in rows])
    return Texts(
        texts["train"], labels["train"], texts["test"], labels["test"], tuple(classes), False, texts["val"], labels["val"]
    )
