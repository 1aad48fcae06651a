"""Cuts a stream of batches into files of so many leads."""

from collections.abc import Iterator

from services.export_batch import Batch


class Cutter:
    """Gives batches until a file is full, and goes on with the next file."""

    def __init__(self, batches: Iterator[Batch], most: int | None) -> None:
        """``most`` leads go into a file; None means all."""
        self._batches, self._most = batches, most
        self._rest: Batch | None = None

    def take(self) -> Iterator[Batch]:
        """Give the batches of one file."""
        room = self._most
        while (room is None or room > 0) and (batch := self._next()) is not None:
            self._rest = None
            if room is not None and batch.size > room:
                batch, self._rest = batch.part(0, room), batch.part(room, batch.size)
            room = None if room is None else room - batch.size
            yield batch

    def more(self) -> bool:
        """Tell whether there are leads left."""
        return self._next() is not None

    def _next(self) -> Batch | None:
        if self._rest is None:
            self._rest = next(self._batches, None)
        return self._rest
