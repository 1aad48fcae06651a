"""A search of leads in the address of a page: the same query parameters as ``GET /v1/leads``, so links work in both.

Parameters are read as the contract types them; an address people edited by hand gets an answer that helps.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import flask
import orjson

from core import config
from dashboard.frame import surroundings
from services import filters, leads
from services.filters import Filter

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    """A search that was asked for. ``texts`` is how it was written; ``sort`` and ``filters`` what it means."""

    texts: dict[str, str]
    parameters: Parameters
    filters: Filter
    sort: str

    @property
    def query(self) -> str:
        """Return it as a query string: in the order of the contract, and without what says nothing."""
        return written(self.texts)

    @property
    def near(self) -> tuple[float, float] | None:
        near = self.parameters.get("near")
        return (near[0], near[1]) if near else None

    @property
    def document(self) -> dict[str, Any]:
        """Return the same filter as JSON, as exports and enrichments take it."""
        return filters.document(self.parameters)


def asked() -> Search:
    """Return the search in the address of this page; raise InvalidInput with every violation."""
    return of(flask.request.args)


def of(given: Mapping[str, str]) -> Search:
    """Return the search that query parameters say; others are ignored. Raise InvalidInput with every violation."""
    texts = texts_of(given)
    parameters = surroundings().rules.query("list_leads", texts)
    return Search(texts, parameters, filters.from_query(parameters), parameters["sort"])


def texts_of(given: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a search as they were written, whether they make sense or not."""
    return {name: given[name].strip() for name in NAMES if given.get(name, "").strip()}


def written(texts: Mapping[str, str]) -> str:
    """Return parameters as a query string that people can read."""
    said = [(name, texts[name]) for name in NAMES if texts.get(name)]
    return urlencode([(name, text) for name, text in said if (name, text) not in _SILENT], safe=",:")


def curl(query: str) -> str:
    """Return the same search as a call of the API."""
    url = f"{config.current().public_url}/v1/leads" + (f"?{query}" if query else "")
    return f'curl -H "X-API-Key: $MAPTARGETER_KEY" \\\n  {shlex.quote(url)}'


def advanced(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameter ``filter`` as JSON; nothing if there is none, or it is none."""
    try:
        found = orjson.loads(texts.get("filter") or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def with_filter(texts: Mapping[str, str], document: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters with another ``filter``."""
    return {**texts, "filter": orjson.dumps(document).decode() if document else ""}


NAMES = (
    "query", "category", "city", "country", "has_website", "has_phone", "has_email", "near", "radius_m", "bbox",
    "seen_since", "gone", "filter", "sort",
)  # fmt: skip
"""The parameters that say which leads, and in which order."""
_SILENT = (("gone", "false"), ("sort", leads.DEFAULT_SORT))
