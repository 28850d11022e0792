"""Ranks all pairs of a folder's programs by copydetect, in the environment that it has for itself.

python peer.py FOLDER NOISE GUARANTEE          prints all pairs, as JSON, with its version and display threshold
"""

import json
import sys
from importlib.metadata import version
from itertools import combinations
from pathlib import Path

from copydetect import CopyDetector


def main(folder: str, noise: int, guarantee: int) -> None:
    """Compare all, and take the larger of a pair's two similarities, by which its report takes pairs in."""
    detector = CopyDetector(
        test_dirs=[folder], extensions=["py"], noise_t=noise, guarantee_t=guarantee, autoopen=False, silent=True
    )
    detector.run()
    students = [Path(file).stem for file in detector.test_files]
    pairs = [
        [float(detector.similarity_matrix[i, j].max()), students[i], students[j]]
        for i, j in combinations(range(len(students)), 2)
    ]
    print(json.dumps({"version": version("copydetect"), "display_t": detector.conf.display_t, "pairs": pairs}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
