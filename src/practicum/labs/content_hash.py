"""The hash of what was submitted, by which a submission is known when it comes again."""

from __future__ import annotations

import hashlib
from typing import NewType

ContentHash = NewType("ContentHash", str)
"""What `sha256_of` returns."""


def sha256_of(files: dict[str, bytes]) -> ContentHash:
    """Return the hash of what was submitted: sorted names and contents, each with its length."""
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(f"{len(name.encode())}:{name}{len(data)}:".encode())
        digest.update(data)
    return ContentHash(digest.hexdigest())
