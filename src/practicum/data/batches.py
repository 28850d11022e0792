"""Batches: data as whole tensors in memory, cut up by shuffled indices instead of loader processes.

The order of an epoch is a function of the seed and the epoch's number alone. So a run that was killed goes on where it stopped
(`epoch(number, start)`) and sees exactly what it would have seen.
A last batch of one row joins the batch before it: batch norm cannot train on one row.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

Transform = Callable[..., tuple[Tensor, ...]]


def generator(seed: int, *path: int) -> torch.Generator:
    """Return a generator whose stream belongs to (seed, path): neighbours in any number are independent."""
    mixed = seed & 0xFFFFFFFF
    for number in path:
        mixed = (mixed * 0x9E3779B97F4A7C15 + number + 0x632BE59BD9B4E019) & 0x7FFFFFFFFFFFFFFF
        mixed ^= mixed >> 29
    return torch.Generator().manual_seed(mixed)


def _sizes(rows: int, batch_size: int) -> list[int]:
    """Return the batches' sizes; a last one of a single row is joined to the one before."""
    sizes = [batch_size] * (rows // batch_size) + [rows % batch_size] * (rows % batch_size > 0)
    return [*sizes[:-2], batch_size + 1] if len(sizes) > 1 and sizes[-1] == 1 < batch_size else sizes


class Batches:
    """Rows of tensors that belong together: images and labels, say.

    Args:
        tensors: each with N rows.
        batch_size: rows per batch; the last one may be smaller, or by one row larger.
        seed: of the order and of `transform`.
        shuffle: a new order each epoch; evaluation wants False.
        drop_last: leave out the last batch if it is smaller.
        transform: `transform(generator, *batch)` returns the augmented batch; only `epoch` applies it.

    Raises:
        ValueError: the tensors' numbers of rows differ, or there are none.
    """

    def __init__(
        self,
        *tensors: Tensor,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
        transform: Transform | None = None,
    ) -> None:
        rows = {len(tensor) for tensor in tensors}
        if len(rows) != 1 or rows == {0}:
            raise ValueError(
                f"expected tensors with the same number of rows, at least one; got {[tuple(t.shape) for t in tensors]}"
            )
        if batch_size < 1:
            raise ValueError(f"expected a batch_size of at least 1, got {batch_size}")
        self.tensors, self.rows, self.batch_size = tensors, rows.pop(), batch_size
        self.seed, self.shuffle, self.drop_last, self.transform = seed, shuffle, drop_last, transform
        if drop_last and self.rows < batch_size:
            raise ValueError(f"expected at least {batch_size} rows for a batch with drop_last, got {self.rows}")
        self._sizes = _sizes(self.rows - self.rows % batch_size if drop_last else self.rows, batch_size)

    def __len__(self) -> int:
        return len(self._sizes)

    def epoch(self, number: int, start: int = 0) -> Iterator[tuple[Tensor, ...]]:
        """Yield the batches of an epoch, from the `start`-th on."""
        order = torch.randperm(self.rows, generator=generator(self.seed, number)) if self.shuffle else torch.arange(self.rows)
        for index, rows in [*enumerate(order[: sum(self._sizes)].split(self._sizes))][start:]:
            batch = tuple(tensor[rows] for tensor in self.tensors)
            yield self.transform(generator(self.seed, number, index), *batch) if self.transform else batch

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        yield from zip(*(tensor[: sum(self._sizes)].split(self._sizes) for tensor in self.tensors), strict=True)


class Crops:
    """Random windows of a token stream, for next-token prediction: `(input_BT, target_BT)`, the target one token ahead.

    Iteration, for evaluation, walks through the whole stream in windows side by side; what is left at its end is a batch of one
    shorter window, so that every token but the first is a target.

    Args:
        tokens: shape (N,), integers.
        length: T, tokens per window.
        batch_size: windows per batch.
        batches: batches per epoch; 0 for as many as iteration has.
        seed: of the windows' places.

    Raises:
        ValueError: the stream is shorter than one window and its target.
    """

    def __init__(self, tokens: Tensor, *, length: int, batch_size: int, batches: int = 0, seed: int = 0) -> None:
        if tokens.ndim != 1 or len(tokens) < length + 1:
            raise ValueError(f"expected a 1-D stream of at least {length + 1} tokens, got shape {tuple(tokens.shape)}")
        self.tokens, self.length, self.batch_size, self.batches, self.seed = tokens.long(), length, batch_size, batches, seed
        self.rows = len(tokens) - 1  # targets

    def __len__(self) -> int:
        whole, left = divmod(len(self.tokens) - 1, self.length)
        return self.batches or -(-whole // self.batch_size) + (left > 0)

    def epoch(self, number: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of an epoch, from the `start`-th on."""
        for index in range(start, len(self)):
            places = torch.randint(
                len(self.tokens) - self.length, (self.batch_size, 1), generator=generator(self.seed, number, index)
            )
            windows = self.tokens[places + torch.arange(self.length + 1)]
            yield windows[:, :-1], windows[:, 1:]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        count = (len(self.tokens) - 1) // self.length
        inputs = self.tokens[: count * self.length].view(count, self.length)
        targets = self.tokens[1 : count * self.length + 1].view(count, self.length)
        yield from zip(inputs.split(self.batch_size), targets.split(self.batch_size), strict=True)
        if len(self.tokens) - 1 > count * self.length:
            yield self.tokens[None, count * self.length : -1], self.tokens[None, count * self.length + 1 :]


class Buckets:
    """Ragged rows, neighbours in length together, padded at the end to the longest of their batch.

    Args:
        columns: each with N rows: a sequence of 1-D tensors (padded), or one tensor with N rows (stacked). The first one's
            lengths sort.
        batch_size: rows per batch.
        seed: of the order.
        shuffle: mix rows of like length, and the order of batches, anew each epoch.
        pad: the value behind short rows, one for all columns or one for each. Targets want one that does not count (-100): where
            0 is a class, padding with 0 would be learned.
        pool: how many batches' worth of shuffled rows are sorted by length together.

    Raises:
        ValueError: the columns' numbers of rows differ, or there are none, or there is not one `pad` for each column.
    """

    def __init__(
        self,
        *columns: Sequence[Tensor] | Tensor,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        pad: int | Sequence[int] = 0,
        pool: int = 50,
    ) -> None:
        rows = {len(column) for column in columns}
        if len(rows) != 1 or rows == {0}:
            raise ValueError(f"expected columns with the same number of rows, at least one; got {[len(c) for c in columns]}")
        self.columns, self.rows, self.batch_size = columns, rows.pop(), batch_size
        self.seed, self.shuffle, self.pool = seed, shuffle, pool
        self.pads = [pad] * len(columns) if isinstance(pad, int) else [*pad]
        if len(self.pads) != len(columns):
            raise ValueError(f"expected one pad for each of {len(columns)} columns, got {len(self.pads)}")
        self._lengths = torch.tensor([len(row) if row.ndim else 0 for row in columns[0]])

    def __len__(self) -> int:
        return len(_sizes(self.rows, self.batch_size))

    def epoch(self, number: int, start: int = 0) -> Iterator[tuple[Tensor, ...]]:
        """Yield the batches of an epoch, from the `start`-th on."""
        if not self.shuffle:
            groups = [*torch.arange(self.rows).split(_sizes(self.rows, self.batch_size))]
        else:
            random = generator(self.seed, number)
            pools = torch.randperm(self.rows, generator=random).split(self.pool * self.batch_size)
            sorted_rows = torch.cat([rows[self._lengths[rows].argsort(stable=True)] for rows in pools])
            groups = [*sorted_rows.split(_sizes(self.rows, self.batch_size))]
            groups = [groups[i] for i in torch.randperm(len(groups), generator=random)]
        for rows in groups[start:]:
            yield self._batch(rows)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        for rows in torch.arange(self.rows).split(_sizes(self.rows, self.batch_size)):
            yield self._batch(rows)

    def _batch(self, rows: Tensor) -> tuple[Tensor, ...]:
        return tuple(
            column[rows] if isinstance(column, Tensor)
            else pad_sequence([column[i] for i in rows.tolist()], batch_first=True, padding_value=pad)
            for column, pad in zip(self.columns, self.pads, strict=True)
        )  # fmt: skip


class Generated:
    """Batches made on the spot, for tasks that have a rule instead of data.

    Args:
        make: `make(generator, batch_size)` returns a batch.
        batch_size: rows per batch.
        batches: batches per epoch.
        seed: another seed, other data.
        rows: that the batches are made from, images to cut crops from, say; None where each batch is new, and those of an epoch
            count.
    """

    def __init__(
        self,
        make: Callable[[torch.Generator, int], Any],
        *,
        batch_size: int,
        batches: int,
        seed: int = 0,
        rows: int | None = None,
    ) -> None:
        self.make, self.batch_size, self.batches, self.seed = make, batch_size, batches, seed
        self.rows = batches * batch_size if rows is None else rows

    def __len__(self) -> int:
        return self.batches

    def epoch(self, number: int, start: int = 0) -> Iterator[Any]:
        """Yield the batches of an epoch, from the `start`-th on."""
        for index in range(start, self.batches):
            yield self.make(generator(self.seed, number, index), self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        return self.epoch(0)


class Singles:
    """Rows of different sizes, each a batch of its own in the order given: images to evaluate on, say.

    Args:
        rows: each a tuple of tensors, without the dimension of the batch.
    """

    def __init__(self, rows: Sequence[tuple[Tensor, ...]]) -> None:
        self.batches, self.rows = [tuple(tensor[None] for tensor in row) for row in rows], len(rows)

    def __len__(self) -> int:
        return self.rows

    def epoch(self, number: int, start: int = 0) -> Iterator[tuple[Tensor, ...]]:
        """Yield the batches, from the `start`-th on; every epoch has the same order."""
        yield from self.batches[start:]

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        yield from self.batches


class Whole:
    """The same single batch in every epoch: a graph, or a set small enough to go through at once.

    Args:
        batch: what each epoch yields; its last part has a row for each target.
    """

    def __init__(self, batch: Any) -> None:
        self.batch = batch
        self.rows = len(batch[-1])

    def __len__(self) -> int:
        return 1

    def epoch(self, number: int, start: int = 0) -> Iterator[Any]:
        """Yield the batch, unless `start` is past it."""
        if start == 0:
            yield self.batch

    def __iter__(self) -> Iterator[Any]:
        yield self.batch
