"""What a tile's places make of an account's leads: which are new, changed, unchanged or gone. Pure.

A place that once belonged to a lead stays with it, whatever becomes of its name or position: that is what keeps a
lead's id through the years. Only a place that is new to the account is compared with the leads and new places around
it (``services.matching``). Deciding twice changes nothing the second time.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models import lead_document
from services import lead_layers, lead_values, matching
from services.lead_values import Columns, Place
from services.matching import Finder, Lineage, Signs

Key = tuple[str, str]
"""A place as its source names it: source, record id."""


@dataclass(frozen=True, slots=True)
class Known:
    """A lead as it is stored: every column, and all the places it ever was merged from, gone ones too.

    ``own`` are those of them that are rows of the customer's lists (``services.list_rows``): no scan takes them away.
    """

    number: int
    columns: Mapping[str, Any]
    places: tuple[Key, ...]
    own: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a scan asks for. ``wants`` tells whether (lat, lon, category) is inside its area and categories."""

    scan_id: str
    started_at: str
    wants: Callable[[float, float, str], bool]
    lineage: Lineage
    attributions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Intent:
    """What to do with one lead, of which ``before`` is what was stored (nothing for a new one).

    ``change``: ``new``, ``changed``, ``refreshed`` (written, but no different to the customer), ``touched`` (only
    seen again), ``gone`` or ``suppressed`` (to be forgotten). ``columns`` and ``places`` are what it is made of now.
    ``fields`` says what changed: property -> {"from", "to"}, as customers see it. ``counted`` is what is added to the
    scan's counts.
    """

    number: int  # negative for a new one
    change: str
    columns: Columns
    places: tuple[Place, ...]
    before: Mapping[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)

    @property
    def is_on_map(self) -> bool:
        """Whether a map has the business, and not only a list of the customer's."""
        return any(place["source"] != lead_values.LIST for place in self.places)


def group(places: Sequence[Place], leads: Collection[Known], terms: Terms) -> dict[int, list[Place]]:
    """Give each of a tile's wanted places to the lead it belongs to, or to the lead or new lead that it duplicates.

    ``leads`` are the account's that have a place in the tile, or lie within ``matching.CONTACT_M`` of it. Returns
    the places by lead number; leads to be made have negative ones.
    """
    owners = {key: lead.number for lead in leads for key in lead.places}
    groups: dict[int, list[Place]] = {}
    strays = []
    for place in sorted(places, key=key_of):
        number = owners.get(key_of(place))
        if number is None:
            strays.append(place)
        else:
            groups.setdefault(number, []).append(place)
    if strays:
        _settle(strays, groups, finder(leads, terms))
    return groups


def decide(
    groups: Mapping[int, Sequence[Place]], leads: Iterable[Known], others: Mapping[Key, Place], terms: Terms
) -> list[Intent]:
    """Return what follows for the groups and for the leads of the tile, in a fixed order.

    ``leads`` are those with a place in the tile and those that ``group`` gave places to; ``others`` are all their
    places that a source still has, wherever they are. Each lead is counted once a scan.
    """
    made = [_new(number, groups[number], terms) for number in sorted(groups, reverse=True) if number < 0]
    known = [
        _judge(lead, groups.get(lead.number, ()), others, terms) for lead in sorted(leads, key=lambda lead: lead.number)
    ]
    return [intent for intent in known if intent is not None] + made


def without(groups: Mapping[int, list[Place]], barred: Collection[Key]) -> tuple[dict[int, list[Place]], set[int]]:
    """Return the groups with no place that is barred, and the numbers of the others."""
    out = {number for number, places in groups.items() if any(key_of(place) in barred for place in places)}
    return {number: places for number, places in groups.items() if number not in out}, out


def suppressed(leads: Iterable[Known], numbers: Collection[int]) -> list[Intent]:
    """Return that those leads are to be forgotten."""
    return [Intent(lead.number, "suppressed", {}, (), lead.columns) for lead in leads if lead.number in numbers]


def totals(intents: Iterable[Intent]) -> dict[str, int]:
    """Add up what the intents count: found, new, changed, unchanged, gone."""
    counts = dict.fromkeys(COUNTS, 0)
    for intent in intents:
        for name, number in intent.counted.items():
            counts[name] += number
    return counts


COUNTS = ("found", "new", "changed", "unchanged", "gone")


def finder(leads: Iterable[Known], terms: Terms) -> Finder:
    """Return what finds, by their numbers, those of the leads that ``terms`` want."""
    made = Finder(terms.lineage)
    for lead in leads:
        told = lead_layers.map_of(lead.columns)
        if terms.wants(told["lat"], told["lon"], told["category"]):
            made.add(lead.number, signs_of(told))
    return made


def key_of(place: Place) -> Key:
    return place["source"], place["record_id"]


def _settle(strays: Iterable[Place], groups: dict[int, list[Place]], finder: Finder) -> None:
    """Add each place that no lead owns to the group of the business that it is."""
    fresh = 0
    for place in strays:
        signs = signs_of(place)
        number = finder.find(signs)
        if number is None:
            fresh += 1
            number = -fresh
        finder.add(number, signs)
        groups.setdefault(number, []).append(place)


def _new(number: int, places: Sequence[Place], terms: Terms) -> Intent:
    columns = lead_layers.on_map(lead_values.merge(places, terms.attributions), None)
    return Intent(number, "new", columns, tuple(places), counted={"found": 1, "new": 1})


def _judge(lead: Known, places: Sequence[Place], others: Mapping[Key, Place], terms: Terms) -> Intent | None:
    own = {key_of(place): place for place in lead.own}
    live = own | {key: others[key] for key in lead.places if key in others} | {key_of(place): place for place in places}
    if not live:
        return _vanished(lead, terms)
    told = lead_values.merge(list(live.values()), terms.attributions)
    if not terms.wants(told["lat"], told["lon"], told["category"]):
        return None
    columns = lead_layers.on_map(told, lead.columns.get("layers"))
    intent = _compared(lead, columns, tuple(live.values()), terms)
    if intent and intent.change != "changed" and not places and live.keys() == own.keys():
        return None  # no map has it, as before: nothing was seen that could be told
    return intent


def _vanished(lead: Known, terms: Terms) -> Intent | None:
    """No source has it any more. Said once, and only by a scan that asked for where and what it was."""
    old, told = lead.columns, lead_layers.map_of(lead.columns)
    if old["gone_at"] or not terms.wants(told["lat"], told["lon"], told["category"]):
        return None
    return Intent(lead.number, "gone", {}, (), old, counted={"gone": 1})


def _compared(lead: Known, columns: Columns, places: tuple[Place, ...], terms: Terms) -> Intent | None:
    old = lead.columns
    fields = {} if old["content_hash"] == columns["content_hash"] else _differences(old, columns)
    if old["gone_at"]:
        fields["gone_at"] = {"from": old["gone_at"], "to": None}
    counted = _count(old, bool(fields), terms)
    told_as_new = old["scan_id"] == terms.scan_id and old["first_seen_at"] >= terms.started_at
    if fields and not told_as_new:
        return Intent(lead.number, "changed", columns, places, old, fields, counted)
    if fields or _refreshing(old, columns) or any(key_of(place) not in lead.places for place in places):
        return Intent(lead.number, "refreshed", columns, places, old, counted=counted)
    return Intent(lead.number, "touched", columns, places, old, counted=counted) if counted else None


def _count(old: Mapping[str, Any], changed: bool, terms: Terms) -> dict[str, int]:
    """A lead of several tiles counts in the first one; a later one may still turn unchanged into changed."""
    if old["scan_id"] != terms.scan_id:
        return {"found": 1, "changed" if changed else "unchanged": 1}
    already_told = old["changed_at"] >= terms.started_at  # as new, or as changed
    return {"changed": 1, "unchanged": -1} if changed and not already_told else {}


def _differences(old: Mapping[str, Any], new: Columns) -> dict[str, Any]:
    fields = lead_document.difference(old, new)
    return fields or {"sources": {"from": old["sources"], "to": new["sources"]}}


def _refreshing(old: Mapping[str, Any], new: Columns) -> bool:
    refreshed = any(old[name] != new[name] for name in ("sources", "quality_score", "quality_reasons"))
    return refreshed or old.get("layers") != new["layers"]


def signs_of(columns: Mapping[str, Any]) -> Signs:
    """Return what identifies a place, or a lead by its columns."""
    names = dict.fromkeys(
        map(matching.sorted_name, [columns["name"], *columns["names"].values(), *columns["alt_names"]])
    )
    sites, pages = matching.sites_and_pages(columns["websites"])
    records = columns.get("sources") or [columns]
    return Signs(
        names=tuple(name for name in names if name),
        category=columns["category"],
        lat=columns["lat"],
        lon=columns["lon"],
        kinds=frozenset(matching.kind_of(record["source"], record["record_id"]) for record in records),
        phones=frozenset(phone["e164"] for phone in columns["phones"] if phone["e164"] and phone["kind"] != "fax"),
        sites=sites,
        pages=pages,
        street=matching.sorted_name(columns["street"] or ""),
        house_numbers=matching.house_numbers(columns["house_number"]),
        unit=(columns["unit"] or "").casefold(),
        brand=columns["brand_wikidata"] or "",
        hours=(columns["opening_hours"] or {}).get("raw", ""),
        numbers=matching.numbers_in(next(iter(names))),
        town=matching.sorted_name(columns["city"] or ""),
    )
