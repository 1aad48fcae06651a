"""Leads as the API shows them, straight from database rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from core import geo
from core.json_text import JsonText
from models.lead_document import NAMES, VOLATILE

Lead = dict[str, Any]

PROPERTIES = frozenset(NAMES)
COLUMNS = ("document", *VOLATILE)
"""The columns of the lead table that leads are made from."""

__all__ = ["COLUMNS", "NAMES", "PROPERTIES", "Lead", "Shape", "shape"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is shown of leads: these properties, in the usual order."""

    names: tuple[str, ...]

    def leads(self, rows: Sequence[Sequence[Any]], origin: tuple[float, float] | None = None) -> list[Lead]:
        """Return the leads of rows that are COLUMNS; ``distance_m`` is from ``origin`` (lat, lon), or null."""
        leads = [_lead(*row) for row in rows]
        if origin:
            for lead in leads:
                lead["distance_m"] = round(
                    geo.haversine_m(lead["location"]["lat"], lead["location"]["lon"], *origin), 1
                )
        return leads if self.names == NAMES else [{name: lead[name] for name in self.names} for lead in leads]

    def shown(self, rows: Sequence[Sequence[Any]], origin: tuple[float, float] | None = None) -> list[Any]:
        """Return the same leads, but as JSON texts where their documents can be shown as they are."""
        if origin or self.names != NAMES:
            return self.leads(rows, origin)
        return [_text(*row) for row in rows]


def _lead(document: str, last_seen_at: str, gone_at: str | None) -> Lead:
    lead: Lead = orjson.loads(document)
    lead["last_seen_at"] = last_seen_at
    lead["gone_at"] = gone_at
    return lead


def _text(document: str, last_seen_at: str, gone_at: str | None) -> JsonText:
    """Put the columns into the document's text. A name with its quotes and comma cannot stand within a value."""
    seen = document.rindex(',"last_seen_at":')
    changed = document.rindex(',"changed_at":')
    gone = document.rindex(',"gone_at":')
    distance = document.rindex(',"distance_m":')
    gone_text = f'"{gone_at}"' if gone_at else "null"
    return JsonText(
        f'{document[:seen]},"last_seen_at":"{last_seen_at}"{document[changed:gone]},"gone_at":{gone_text}{document[distance:]}'
    )


@lru_cache(maxsize=256)
def shape(names: tuple[str, ...] = NAMES) -> Shape:
    """Return the shape of these properties, which must be known; ``id`` is always one."""
    return Shape(tuple(name for name in NAMES if name in ("id", *names)))
