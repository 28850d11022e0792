"""Goes through recipes with two processes, two steps each, and says what came of it; run by `test_matrix.py`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Fabric imports torchmetrics where it is installed, which imports transformers and scipy: half of the time of a start.
    sys.modules["torchmetrics"] = None  # type: ignore[assignment]

import torch

from practicum.errors import PracticumError
from practicum.training.accelerator import Accelerator
from practicum.training.runs.run import train
from practicum.training.trial import first_steps

# Batch norm looks at a process's own rows; dropout, masks and negatives are drawn by each process.
UNEQUAL = {
    "bert-banking77", "detector-bccd", "googlenet-fashion", "mobilenet-fashion", "resnet-fashion", "rnn-banking77",
    "seq2seq-tatoeba", "textcnn-banking77", "textcnn-reviews", "transformer-tatoeba", "unet-nuclei", "vgg-fashion", "vit-fashion",
    "alexnet-fashion", "word2vec-books",
}  # fmt: skip
UNSHARED = {"gat-citeseer", "gat-cora", "gcn-citeseer", "gcn-cora", "sage-cora"}  # a batch is a graph
SHARDED_REFUSALS = {  # averaged or best weights are kept, or parts of the model are measured
    "detector-bccd", "glove-books", "lenet-mnist", "seq2seq-tatoeba", "transformer-tatoeba", "unet-nuclei", "word2vec-books",
}  # fmt: skip


def main(folder: Path, names: list[str]) -> None:
    """Print a line for each recipe, strategy and precision: the rank and what came of it."""
    torch.set_num_threads(1)
    for name in names:
        for strategy in ("ddp", "fsdp"):
            for precision in ("32-true", "bf16-mixed"):
                chosen = Accelerator("cpu", 2, strategy, precision)
                try:
                    with first_steps(2, batches=1) as losses:
                        train(name, folder / name / strategy / precision, accelerator=chosen, progress=False)
                    answer = f"met {len(losses)} steps, loss {losses[0]:.9g} {losses[1]:.9g}"
                except PracticumError as error:
                    answer = f"{'refused' if str(error).startswith('--') else 'left out:'} {error}"
                rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
                print(f"{rank} {name} {strategy} {precision}: {answer}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
