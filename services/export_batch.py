"""Some thousand leads at a time, kept as columns: what is done to a whole column in one go costs a fraction."""

from collections.abc import Sequence
from itertools import compress
from typing import Any

import orjson

from core import geo
from services import lead_rows
from services.lead_rows import Lead

Values = Sequence[Any]


class Batch:
    """Leads as columns of the lead table, by name; ``origin`` (lat, lon) is where distances are measured from."""

    def __init__(
        self, names: Sequence[str], columns: Sequence[Values], origin: tuple[float, float] | None = None
    ) -> None:
        """Take columns of these names, at least one, and all of one length."""
        self._columns = dict(zip(names, columns, strict=True))
        self._origin = origin
        self._documents: list[Lead] | None = None
        self._parsed: dict[str, list[Any]] = {}
        self.size = len(columns[0])

    def column(self, name: str) -> Values:
        """Return a column of the lead table; KeyError if it was not read."""
        return self._columns[name]

    def part(self, start: int, end: int) -> "Batch":
        """Return some of the leads."""
        return Batch(list(self._columns), [values[start:end] for values in self._columns.values()], self._origin)

    def only(self, chosen: Sequence[bool]) -> "Batch":
        """Return the leads that are chosen."""
        return Batch(
            list(self._columns), [tuple(compress(values, chosen)) for values in self._columns.values()], self._origin
        )

    def parsed(self, name: str) -> list[Any]:
        """Return the values of a column of JSON texts; all are parsed in one go, when they are first asked for."""
        if name not in self._parsed:
            texts = ",".join([text or "null" for text in self._columns[name]])
            self._parsed[name] = orjson.loads(f"[{texts}]")
        return self._parsed[name]

    def documents(self) -> list[Lead]:
        """Return the leads as the API shows them; they are parsed once, when they are first asked for."""
        if self._documents is None:
            self._documents = lead_rows.shape().leads(self._rows(), self._origin)
        return self._documents

    def texts(self) -> list[str]:
        """Return the same as JSON texts, without parsing them; none has a distance."""
        return [str(text) for text in lead_rows.shape().shown(self._rows())]

    def distances(self) -> Values:
        """Return the metres from the origin to each lead; None where there is no origin."""
        if self._origin is None:
            return [None] * self.size
        lat, lon = self._origin
        places = zip(self.column("lat"), self.column("lon"), strict=True)
        return [round(geo.haversine_m(*place, lat, lon), 1) for place in places]

    def _rows(self) -> list[tuple[Any, ...]]:
        return list(zip(*(self._columns[name] for name in lead_rows.COLUMNS), strict=True))
