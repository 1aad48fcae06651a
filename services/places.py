"""The catalogue of places that all accounts scan: loading sources into it, and what is in it."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from core import clock, errors
from models import base, place, place_import
from models.place_import import DataSet
from providers import osm
from providers.base import Progress, Provider, RawPlace

FORMATS: Mapping[str, Provider] = {"osm": osm}
_BATCH = 2000
_FIELDS = tuple(field.name for field in fields(RawPlace))


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import found and did. ``unchanged`` are known already, ``gone`` no longer in the file."""

    source: str
    release: str
    read: int
    new: int
    changed: int
    unchanged: int
    gone: int
    seconds: float

    def line(self) -> str:
        """Say it in one line."""
        counts = f"{self.new:,} new, {self.changed:,} changed, {self.unchanged:,} unchanged, {self.gone:,} gone"
        return f"{self.read:,} places of {self.source}, data of {self.release[:10]}: {counts} ({self.seconds:.1f} s)"


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """One data set in the catalogue; ``release`` is how old its data is."""

    source: str
    release: str
    places: int
    license: str
    attribution: str


def import_file(path: Path | str, file_format: str = "osm", progress: Progress | None = None) -> ImportReport:
    """Bring the catalogue up to what a file says, all of it or nothing.

    ``progress`` is told of bytes read and bytes in all. Raise PlaceFileError with one line if the file cannot be read
    or holds no business, InvalidInput for an unknown format. Not inside a transaction.
    """
    started = time.monotonic()
    if file_format not in FORMATS:
        raise errors.InvalidInput(f"Unknown format {file_format!r}; use one of: {', '.join(FORMATS)}")
    path, provider = Path(path), FORMATS[file_format]
    about = provider.release(path)
    with base.connection(), place_import.staging():
        for batch in _batches(provider.read(path, progress or _silent)):
            place_import.stage(batch)
        read, newest = place_import.staged()
        if not read:
            raise errors.PlaceFileError(f"{path.name}: no business in it; nothing was imported")
        release = about.stamp or newest or _file_time(path)
        data = DataSet(provider.SOURCE, path.name, release, about.bbox, provider.LICENSE, provider.ATTRIBUTION)
        with base.transaction():
            done = place_import.merge(data)
    unchanged = read - done.new - done.changed
    seconds = round(time.monotonic() - started, 3)
    return ImportReport(provider.SOURCE, release, read, done.new, done.changed, unchanged, done.gone, seconds)


def sources() -> list[SourceInfo]:
    """Return the data sets in the catalogue, in the order of their names."""
    return [SourceInfo(**row) for row in place.sources()]


def _batches(places: Iterable[RawPlace]) -> Iterator[list[dict[str, Any]]]:
    rows = ({name: getattr(found, name) for name in _FIELDS} for found in places)
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _file_time(path: Path) -> str:
    """The best that is known of a file that says nothing about its age."""
    return clock.stamp(datetime.fromtimestamp(path.stat().st_mtime, UTC))


def _silent(_done: int, _total: int) -> None:
    pass
