"""A run's log: `metrics.csv`, one row per evaluation, and the same as TensorBoard's events."""

import csv
from pathlib import Path
from typing import Any


class Log:
    """Writes rows of metrics into a folder, or nothing where there is none.

    Args:
        folder: gets metrics.csv and tensorboard/, or None.
        step: the step that a resumed run has reached; TensorBoard drops what was logged after it.
    """

    def __init__(self, folder: Path | None, step: int = 0) -> None:
        self.folder = folder
        self._writer: Any = None
        if folder:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def write(self, rows: list[dict[str, float]]) -> None:
        """Log the last row; the CSV file is written whole, so that it never has rows of a run that was taken back."""
        if self.folder is None:
            return
        for name, value in rows[-1].items():
            self._writer.add_scalar(name, value, int(rows[-1]["step"]))
        with (self.folder / "metrics.csv").open("w", newline="") as stream:
            out = csv.DictWriter(stream, fieldnames=[*rows[-1]], restval="")
            out.writeheader()
            out.writerows(rows)

    def close(self) -> None:
        """Flush what is still buffered."""
        if self._writer:
            self._writer.close()
