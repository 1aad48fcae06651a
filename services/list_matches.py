"""Which of an account's leads the rows of a list are, or are near to. Reads, never writes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from core import text
from models import base, lead_ledger, search, search_terms
from services import lead_layers, list_rows, merging, planning
from services.accounts import Caller
from services.lead_values import Place
from services.list_rows import ListRow
from services.matching import CONTACT_M, NAME_M, Signs
from services.merging import Known, Terms

Groups = dict[int, list[Place]]
"""Places by the number of the lead that they belong to; negative ones of leads to be made."""

_ROUNDS = 3
_MOST_TOKENS = 200


def known_leads(caller: Caller, rows: Collection[ListRow]) -> list[Known]:
    """Return the leads that have one of the rows, and those that one of the others might be."""
    owning = lead_ledger.owning(caller.account_id, [merging.key_of(row.record) for row in rows])
    owned = {key for lead in owning for key in lead["places"]}
    strays = [row.record for row in rows if merging.key_of(row.record) not in owned]
    somewhere = [record for record in strays if record["lat"] is not None]
    nowhere = [record for record in strays if record["lat"] is None]
    near = lead_ledger.in_boxes(caller.account_id, [_around(record, NAME_M) for record in somewhere])
    searches = [*_of_contacts(somewhere), *_of_contacts(nowhere), *_of_addresses(nowhere)]
    bounds = search.bounds(caller.account_number, None)
    keys = {key for groups in searches for (key,) in base.rows(*search.matching(groups, bounds))}
    found = {lead["number"]: lead for lead in (*owning, *near, *lead_ledger.by_rank_keys(keys))}
    return [Known(lead["number"], lead, lead["places"], lead["own"]) for lead in found.values()]


def group(rows: Iterable[ListRow], leads: Sequence[Known], terms: Terms) -> tuple[Groups, list[ListRow]]:
    """Give each row to the lead, or the lead to be made, that it is; return the rows that can be neither, too.

    Rows that do not say where or what they are come last: they can only be what is there already.
    """
    before = {merging.key_of(record): record for lead in leads for record in lead.own}
    placed: list[Place] = []
    unplaced: list[ListRow] = []
    for row in rows:
        known = before.get(merging.key_of(row.record))
        if known is None and not row.is_complete:
            unplaced.append(row)
        else:
            place = list_rows.complete(row.record, known or {})
            placed.append(known if known and list_rows.is_same(place, known) else place)
    groups = merging.group(placed, leads, terms)
    return groups, _settle(unplaced, groups, leads, terms) if unplaced else []


def _settle(rows: list[ListRow], groups: Groups, leads: Iterable[Known], terms: Terms) -> list[ListRow]:
    """Add rows to the groups of what they are; return the others. One that was added helps to know the next."""
    finder = merging.finder(leads, terms)
    for number, places in groups.items():
        for place in places:
            finder.add(number, merging.signs_of(place))
    told: dict[int, Mapping[str, object]] = {lead.number: lead_layers.map_of(lead.columns) for lead in leads}
    for _ in range(_ROUNDS):
        left: list[ListRow] = []
        for row in rows:
            signs = _signs(row.record)
            found = finder.find(signs) if row.record["lat"] is not None else finder.find_anywhere(signs)
            if found is None:
                left.append(row)
                continue
            place = list_rows.complete(row.record, told.get(found) or groups[found][0])
            finder.add(found, merging.signs_of(place))
            groups.setdefault(found, []).append(place)
        if len(left) == len(rows):
            break
        rows = left
    return rows


def _signs(record: Place) -> Signs:
    """Return what identifies a record that may lack a category or a location; nobody looks at its coordinates then."""
    return merging.signs_of({**record, "category": record["category"] or "", "lat": record["lat"] or 0.0})


def _around(record: Place, metres: float) -> planning.Box:
    lat, lon = record["lat"], record["lon"]
    return planning.widened((lon, lat, lon, lat), metres)


def _of_contacts(records: Sequence[Place]) -> Iterator[search_terms.Groups]:
    """Give searches for the leads that share a contact with one of the records; about where these are, if they say."""
    signs = [_signs(record) for record in records]
    tags = [search_terms.phone_tag(phone) for one in signs for phone in one.phones]
    tags += [search_terms.domain_tag(site) for one in signs for site in one.sites]
    wanted = sorted(set(filter(None, tags)))
    boxes = [_around(record, CONTACT_M) for record in records if record["lat"] is not None]
    cells = search_terms.cells(boxes) if boxes else None
    for at in range(0, len(wanted), _MOST_TOKENS):
        yield [tuple(wanted[at : at + _MOST_TOKENS]), *([cells] if cells else [])]


def _of_addresses(records: Iterable[Place]) -> Iterator[search_terms.Groups]:
    """Give a search for the leads that share name and street with each record that says a whole address."""
    for one in map(_signs, records):
        if one.names and one.street and one.town and one.house_numbers:
            yield [(word,) for word in dict.fromkeys(text.tokens(f"{one.names[0]} {one.street}"))]
