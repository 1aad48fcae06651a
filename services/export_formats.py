"""The formats of exports: how each is named, and how leads become its bytes, some thousand at a time.

Memory is the same for ten leads as for a million. JSON and GeoJSON end with whose data is in them. Every format has it
in each lead's fields ``sources`` and ``attribution``, unless fields without them were chosen, and in the manifest.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Protocol

import orjson

from core.blobs import Writer
from services import export_csv, export_json, export_parquet, export_vcard, export_xlsx, lead_rows
from services.export_batch import Batch
from services.export_layout import Layout, needs


@dataclass(slots=True)
class Credits:
    """Whose data went into an export, in the order in which it was met."""

    attribution: dict[str, None] = field(default_factory=dict)
    sources: dict[str, None] = field(default_factory=dict)
    licenses: dict[str, None] = field(default_factory=dict)

    NEEDS = ("attribution", "sources")

    def add(self, batch: Batch) -> None:
        """Take note of a batch that has the columns ``NEEDS``."""
        self.attribution.update(dict.fromkeys(batch.column("attribution")))
        texts = "".join(batch.column("sources"))
        _collect(self.sources, texts, '"source":"')
        _collect(self.licenses, texts, '"license":"')

    def document(self) -> dict[str, list[str]]:
        """Return all of it."""
        return {"sources": list(self.sources), **self.members()}

    def members(self) -> dict[str, list[str]]:
        """Return what a file ends with."""
        return {"attribution": list(self.attribution), "licenses": list(self.licenses)}


def _collect(known: dict[str, None], texts: str, start: str) -> None:
    """Add the values, none with a quote in it, that follow upon a member's name in JSON objects.

    The name in its quotes and its colon cannot stand within a value, so nothing needs to be parsed; and mostly there
    is nothing new, which is found by counting.
    """
    if texts.count(start) > sum(texts.count(f'{start}{value}"') for value in known):
        known.update(dict.fromkeys(part[: part.index('"')] for part in texts.split(start)[1:]))


class Encoder(Protocol):
    """One file being written."""

    def write(self, batch: Batch) -> None:
        """Add leads; the batch has what ``Format.needs`` asked for."""

    def close(self) -> None:
        """End the file. A file whose encoder was not closed is not whole."""


@dataclass(frozen=True, slots=True)
class Format:
    """How one kind of file is named and written. ``columns_apply`` tells whether customers choose its columns."""

    name: str
    extension: str
    media_type: str
    needs: Callable[[Layout], tuple[str, ...]]
    open: Callable[[Writer, Layout, Credits], Encoder]
    max_rows: int | None = None
    columns_apply: bool = True


class Stream:
    """Writes text: an opening, what ``body`` makes of each batch with ``between`` them, and what ``closing`` makes."""

    def __init__(
        self, file: Writer, body: Callable[[Batch], bytes], opening: bytes = b"", between: bytes = b"",
        closing: Callable[[], bytes] = bytes,
    ) -> None:  # fmt: skip
        self._file, self._body, self._between, self._closing = file, body, between, closing
        self._next = opening

    def write(self, batch: Batch) -> None:
        self._file.write(self._next + self._body(batch))
        self._next = self._between

    def close(self) -> None:
        opening = b"" if self._next is self._between else self._next
        self._file.write(opening + self._closing())


def _csv(file: Writer, layout: Layout, _credits: Credits) -> Encoder:
    columns = [column for _, column in layout.columns]
    opening = export_csv.header(layout.headers, layout.dialect)
    return Stream(file, lambda batch: export_csv.lines(columns, batch, layout.dialect), opening)


def _ndjson(file: Writer, layout: Layout, _credits: Credits) -> Encoder:
    """One JSON object a line: https://github.com/ndjson/ndjson-spec."""
    return Stream(file, lambda batch: ("\n".join(_objects(layout, batch)) + "\n").encode())


def _json(file: Writer, layout: Layout, credits_: Credits) -> Encoder:
    """One object with the leads in ``data``."""
    return _enclosed(file, b'{"data":[\n', lambda batch: _objects(layout, batch), credits_)


def _geojson(file: Writer, layout: Layout, credits_: Credits) -> Encoder:
    """A FeatureCollection (RFC 7946) of points; whose data it is stands in foreign members of the collection."""
    members = [member for member in layout.members if member.name not in ("id", "location")]

    def features(batch: Batch) -> Iterable[str]:
        properties = export_json.objects(members, batch) if members else repeat("{}")
        parts = (export_json.scalars(batch.column(name)) for name in ("id", "lon", "lat"))
        return map(_FEATURE.__mod__, zip(*parts, properties, strict=False))  # ``repeat`` never ends

    return _enclosed(file, b'{"type":"FeatureCollection","features":[\n', features, credits_)


_FEATURE = '{"type":"Feature","id":%s,"geometry":{"type":"Point","coordinates":[%s,%s]},"properties":%s}'


def _enclosed(file: Writer, opening: bytes, items: Callable[[Batch], Iterable[str]], credits_: Credits) -> Encoder:
    return Stream(
        file,
        lambda batch: ",\n".join(items(batch)).encode(),
        opening,
        b",\n",
        lambda: b"\n]," + orjson.dumps(credits_.members())[1:] + b"\n",
    )


def _objects(layout: Layout, batch: Batch) -> Sequence[str]:
    return batch.texts() if layout.verbatim else export_json.objects(layout.members, batch)


def _needs_of_table(layout: Layout) -> tuple[str, ...]:
    return needs(column for _, column in layout.columns)


def _needs_of_json(layout: Layout) -> tuple[str, ...]:
    return lead_rows.COLUMNS if layout.verbatim else needs(layout.members)


def _needs_of_features(layout: Layout) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*needs(layout.members), "id", "lat", "lon")))


def _parquet(file: Writer, layout: Layout, credits_: Credits) -> Encoder:
    return export_parquet.Parquet(file, layout, credits_.members)


def _needs_of_parquet(layout: Layout) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*_needs_of_table(layout), "lat", "lon")))


def _xlsx(file: Writer, layout: Layout, _credits: Credits) -> Encoder:
    return export_xlsx.Sheet(file, layout)


def _vcard(file: Writer, layout: Layout, _credits: Credits) -> Encoder:
    return Stream(file, lambda batch: export_vcard.cards(layout, batch))


FORMATS = {
    made.name: made
    for made in (
        Format("csv", "csv", "text/csv", _needs_of_table, _csv),
        Format("xlsx", "xlsx", export_xlsx.MEDIA_TYPE, _needs_of_table, _xlsx, export_xlsx.MAX_ROWS),
        Format("json", "json", "application/json", _needs_of_json, _json),
        Format("ndjson", "ndjson", "application/x-ndjson", _needs_of_json, _ndjson),
        Format("geojson", "geojson", "application/geo+json", _needs_of_features, _geojson),
        Format("parquet", "parquet", "application/vnd.apache.parquet", _needs_of_parquet, _parquet),
        Format("vcf", "vcf", "text/vcard", export_vcard.needs, _vcard, columns_apply=False),
    )
}
