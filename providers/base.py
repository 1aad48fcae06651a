"""What every map source gives: places in one shape, whatever the source calls things."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.normalize import OpeningHours
from core.phones import Phone

Bbox = tuple[float, float, float, float]
"""West, south, east, north in WGS84 degrees."""

Progress = Callable[[int, int], None]
"""Told now and then how many of how many bytes are read."""


@dataclass(frozen=True, slots=True)
class RawPlace:
    """One business as one source describes it, normalised, with nothing added from elsewhere.

    ``updated_at`` is when the record was last edited, as ``core.clock.stamp`` writes it. ``lat`` and ``lon`` are WGS84
    degrees with 7 decimals. ``names`` is by BCP 47 language. ``category`` is an id of ``core.taxonomy``. ``country`` is
    ISO 3166-1 alpha-2, ``timezone`` an IANA name, ``license`` an SPDX identifier. ``operating_status`` is open,
    temporarily_closed, permanently_closed or unknown.
    """

    source: str
    record_id: str
    updated_at: str | None
    name: str
    names: dict[str, str]
    alt_names: list[str]
    brand: str | None
    brand_wikidata: str | None
    operator: str | None
    category: str
    lat: float
    lon: float
    house_number: str | None
    street: str | None
    unit: str | None
    district: str | None
    city: str | None
    region: str | None
    postcode: str | None
    country: str | None
    timezone: str | None
    phones: list[Phone]
    emails: list[str]
    websites: list[str]
    socials: dict[str, list[str]]
    opening_hours: OpeningHours | None
    operating_status: str
    attributes: dict[str, bool]
    raw_tags: dict[str, str]
    license: str


@dataclass(frozen=True, slots=True)
class Release:
    """How old a file's data is and the area it claims to cover; None where the file does not say."""

    stamp: str | None
    bbox: Bbox | None


class Provider(Protocol):
    """A source that comes as a file.

    Both functions raise ``core.errors.PlaceFileError`` with one sentence for a file that cannot be read or is not
    of this source; ``read`` may do so after it has given places.
    """

    SOURCE: str
    LICENSE: str
    ATTRIBUTION: str

    def release(self, path: Path) -> Release:
        """Return what the file says about itself, without reading all of it."""

    def read(self, path: Path, progress: Progress) -> Iterator[RawPlace]:
        """Give every business in the file, each once."""
