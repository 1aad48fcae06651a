"""What the catalogue says about one tile, set against the leads an account has there. Reads, never writes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core import taxonomy
from core.geo import Area
from models import lead_ledger, place
from services import lead_values, merging, planning, suppressions
from services.accounts import Caller
from services.matching import CONTACT_M
from services.merging import Intent, Key, Known, Terms
from services.places import SourceInfo
from services.planning import Tile

Wanted = Sequence[Mapping[str, Any]]
Around = Callable[[Tile, Wanted], tuple[list[Known], set[int]]]
"""Gives the leads that bear on a tile with these wanted places, and the numbers of those with a place in it."""

_PRETEND = 10**12
"""Numbers from here on are of leads that were only made in a rehearsal."""


@dataclass(frozen=True, slots=True)
class Run:
    """A scan under way, with what every tile needs."""

    caller: Caller
    terms: Terms
    categories: frozenset[str] | None


def run_for(
    caller: Caller, scan_id: str, started_at: str, area: Area, chosen: Sequence[str], known: Iterable[SourceInfo]
) -> Run:
    """Return what the tiles of such a scan need; ``known`` are the sources of the catalogue."""
    categories = planning.wanted_categories(chosen)
    attributions = lead_values.attributions({source.source: source.attribution for source in known})
    terms = Terms(scan_id, started_at, planning.wanted(area, categories), taxonomy.path, attributions)
    return Run(caller, terms, categories)


def tiles_of(caller: Caller, area: Area, chosen: Sequence[str]) -> list[Tile]:
    """Return the tiles that such a scan visits if it starts now."""
    catalogue = ((y, x) for y, x, _ in place.tiles_in(area.bbox, planning.wanted_categories(chosen)))
    return planning.tiles(catalogue, lead_ledger.tiles(caller.account_id, planning.tile_ranges(area.bbox)))


def decide_tile(run: Run, tile: Tile, around: Around) -> list[Intent]:
    """Return what the places of a tile make of the leads there."""
    rows = place.places_in_tile(*tile, run.categories)
    barred = suppressions.met(run.caller.account_id, rows)
    rows = [row for row in rows if barred.get(merging.key_of(row)) != suppressions.RECORD]
    wanted = [row for row in rows if run.terms.wants(row["lat"], row["lon"], row["category"])]
    known, here = around(tile, wanted)
    groups, out = merging.without(merging.group(wanted, known, run.terms), barred)
    concerned = [lead for lead in known if lead.number in here | groups.keys() and lead.number not in out]
    present = _present(concerned, rows)
    present = {key: place for key, place in present.items() if key not in barred}
    return merging.decide(groups, concerned, present, run.terms) + merging.suppressed(known, out)


def stored_around(account_id: str, tile: Tile, wanted: Wanted) -> tuple[list[Known], set[int]]:
    """Tell it from the database. Leads that are merely near are only looked for when some place has no lead yet."""
    here = _known(lead_ledger.in_tile(account_id, tile))
    strays = {merging.key_of(found) for found in wanted} - {key for lead in here.values() for key in lead.places}
    near: dict[int, Known] = {}
    if strays:
        here |= _known(lead_ledger.owning(account_id, strays))
        near = _known(lead_ledger.in_box(account_id, _neighbourhood(tile)))
    return list((near | here).values()), set(here)


@dataclass(slots=True)
class Rehearsal:
    """A scan of which nothing is written: what it would have written is remembered here instead, as far as needed."""

    run: Run
    _seen: dict[int, Mapping[str, Any]] = field(default_factory=dict)  # columns of stored leads that would be other
    _made: dict[int, tuple[Tile, Known]] = field(default_factory=dict)  # leads of the last two rows of tiles
    _last: int = _PRETEND

    def play(self, tile: Tile) -> dict[str, int]:
        """Return the counts of one tile; tiles come in the order of the plan."""
        self._made = {number: made for number, made in self._made.items() if made[0][0] >= tile[0] - 1}
        intents = decide_tile(self.run, tile, self._around)
        for intent in intents:
            self._remember(intent, tile)
        return merging.totals(intents)

    def _around(self, tile: Tile, wanted: Wanted) -> tuple[list[Known], set[int]]:
        stored, here = stored_around(self.run.caller.account_id, tile, wanted)
        known = [replace(lead, columns={**lead.columns, **self._seen.get(lead.number, {})}) for lead in stored]
        west, south, east, north = _neighbourhood(tile)
        made = (lead for _, lead in self._made.values())
        near = (south <= lead.columns["lat"] <= north and west <= lead.columns["lon"] <= east for lead in made)
        return known + [lead for (_, lead), close in zip(self._made.values(), near, strict=True) if close], here

    def _remember(self, intent: Intent, tile: Tile) -> None:
        terms, number = self.run.terms, intent.number
        now: dict[str, Any] = {"scan_id": terms.scan_id, "gone_at": None}
        if intent.change in ("new", "changed"):
            now["changed_at"] = terms.started_at
        if number < 0:
            number = self._last = self._last + 1
        if number > _PRETEND:
            before = self._made[number][1].places if number in self._made else ()
            places = tuple(dict.fromkeys((*before, *map(merging.key_of, intent.places))))
            now |= dict.fromkeys(("first_seen_at", "changed_at"), terms.started_at)
            self._made[number] = (tile, Known(number, intent.columns | now, places))
        elif intent.change in ("gone", "suppressed"):
            self._seen[number] = {"gone_at": terms.started_at}
        else:
            self._seen[number] = now


def _present(leads: Iterable[Known], rows: Iterable[place.Row]) -> Mapping[Key, Mapping[str, Any]]:
    """Return every place of the leads that its source still has; ``rows`` are at hand already."""
    at_hand = {merging.key_of(row): row for row in rows}
    keys = {key for lead in leads for key in lead.places}
    missing = lead_ledger.present(keys - at_hand.keys())
    return {key: at_hand[key] for key in keys & at_hand.keys()} | {merging.key_of(row): row for row in missing}


def _known(rows: Iterable[lead_ledger.Row]) -> dict[int, Known]:
    return {row["number"]: Known(row["number"], row, row["places"], row["own"]) for row in rows}


def _neighbourhood(tile: Tile) -> planning.Box:
    return planning.widened(planning.tile_box(tile), CONTACT_M)
