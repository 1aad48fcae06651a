"""Leads of few different values, and what a filter finds among them, read naively from the grammar in plain Python."""

import operator
import random
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from core import clock, geo, taxonomy, text
from services.accounts import Caller
from tests.leads import account, gone, lead, phone, source, write

Row = dict[str, Any]
Document = dict[str, Any]

NAMES = ("Café Engel", "Kahvila Sävel", "Ravintola Ängel", "H&M", "H & M", "Öhman", "100% Kampaamo", "Bar_Baari", "!")
CITIES = ("Helsinki", "HELSINKI", "Jyväskylä", "Saint-Denis", "Saint Denis", None)
BRANDS = ("Fazer", "R-kioski", None, None)
STAMPS = tuple(f"2026-{month:02d}-01T00:00:00.000Z" for month in (1, 5, 9))
PHONES = ("+358912345", "+358400000")
EMAILS = ("info@Engel.fi", "a@b.fi")
SITES = ("https://engel.fi/", "https://wolt.com/engel?a=%25_")
SOCIALS = ("facebook", "instagram")
SAID = {"cafe": ["cafe", "kahvila"], "restaurant": ["ravintola"]}
"""Words for kinds of business, of those that the queries ask for."""
QUERIES = ("cafe", "Kahvila säv", "engel hel", "ravintola", "säve", "fazer saint", "00100 kahv", "toolo engel", "!")


class Rows(list[Row]):
    """The leads as they were written, best first. Too long to print."""

    def __repr__(self) -> str:
        return f"<{len(self)} leads>"


def stock(caller: Caller) -> Rows:
    """Give the account 130 leads and 20 more that are gone, and some to another account."""
    chance = random.Random(7)
    write(account("bob@example.com"), *(made_up(chance, number) for number in range(30)))
    written = [made_up(chance, number) for number in range(150)]
    for row, number in zip(written, write(caller, *written), strict=True):
        row["number"] = number
    gone(*(row["number"] for row in written[-20:]))
    for row in written[-20:]:
        row["gone_at"] = clock.now_stamp()
    return Rows(sorted(written, key=lambda row: (row["gone_at"] is not None, -row["quality_score"], row["number"])))


def made_up(chance: random.Random, number: int) -> Row:
    def some(values: Sequence[Any]) -> list[Any]:
        return [value for value in values if chance.random() < 0.4]

    pick = chance.choice
    return lead(
        pick(NAMES), city=pick(CITIES), category=pick(("cafe", "restaurant", "bar", "clothes")), brand=pick(BRANDS),
        district=pick(("Töölö", None)), country=pick(("FI", "FR", None)), postcode=pick(("00100", "SW1A 1AA", None)),
        quality_score=pick((0, 30, 30, 95)), lat=60 + chance.randint(0, 8) / 8, lon=24 + chance.randint(0, 8) / 8,
        rating=pick((None, 3.5, 4.0, 4.9)), review_count=pick((None, 0, 17)), phones=[phone(n) for n in some(PHONES)],
        emails=some(EMAILS), websites=some(SITES), socials={name: ["https://x.fi"] for name in some(SOCIALS)},
        opening_hours=pick((None, {"raw": "24/7", "valid": True})), operating_status=pick(("open", "unknown")),
        sources=[source(f"node/{number}"), *(source("1", name) for name in some(["overture"]))],
        first_seen_at=pick(STAMPS), last_seen_at=pick(STAMPS), changed_at=pick(STAMPS),
    )  # fmt: skip


def expected(document: Document, rows: Sequence[Row]) -> list[str]:
    """Return the ids of the leads that a filter finds, best first."""
    hidden = "'gone'" not in repr(document)
    return [row["id"] for row in rows if holds(document, row) and not (hidden and row["gone_at"])]


def holds(document: Document, row: Row) -> bool:
    return all(_part_holds(name, value, row) for name, value in document.items())


def _part_holds(name: str, value: Any, row: Row) -> bool:
    if name == "or":
        return any(holds(each, row) for each in value)
    if name == "and":
        return all(holds(each, row) for each in value)
    if name == "not":
        return not holds(value, row)
    if name == "query":
        return _found_by(text.tokens(value), row)
    return all(_term_holds(name, sign, operand, row) for sign, operand in value.items())


def _found_by(words: list[str], row: Row) -> bool:
    columns = ("name", "brand", "street", "district", "city", "postcode")
    said = [word for name in columns for word in text.tokens(row[name] or "")] + SAID.get(row["category"], [])
    return bool(words) and all(word in said for word in words[:-1]) and any(word.startswith(words[-1]) for word in said)


def _term_holds(name: str, sign: str, operand: Any, row: Row) -> bool:
    if sign in ("ne", "nin"):
        return not _term_holds(name, {"ne": "eq", "nin": "in"}[sign], operand, row)
    if sign == "exists":
        return bool(operand) == (
            row[{"website": "websites", "source": "sources"}.get(name, name)] not in (None, [], {})
        )
    if name == "gone":
        return bool(operand) == (row["gone_at"] is not None)
    if name == "location":
        area = geo.Area.from_json({"circle": operand} if "lat" in operand else operand)
        return area.contains(row["lat"], row["lon"])
    operands = operand if isinstance(operand, list) else [operand]
    if name == "category":
        return any(each in taxonomy.path(row["category"]) for each in operands)
    if sign in ("has", "has_any"):
        return not {each.lower() for each in _members(name, row)}.isdisjoint(each.lower() for each in operands)
    return _compares(_value(name, row), sign, operands)


def _members(name: str, row: Row) -> list[str]:
    if name == "phones":
        return [each["e164"] for each in row["phones"]]
    return [each["source"] for each in row["sources"]] if name == "source" else list(row[name])


def _value(name: str, row: Row) -> Any:
    if name == "website":
        return row["websites"][0] if row["websites"] else None
    return row[name]


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "in": operator.eq, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le,
    "contains": lambda value, operand: operand != "" and operand in value,
    "prefix": lambda value, operand: operand != "" and value.startswith(operand),
}  # fmt: skip


def _compares(value: Any, sign: str, operands: list[Any]) -> bool:
    if value is None:
        return False
    return any(_SIGNS[sign](_key(value), _key(operand)) for operand in operands)


def _key(value: Any) -> Any:
    return " ".join(text.tokens(value)) if isinstance(value, str) else value


TEXTS = {
    "name": (*NAMES, "cafe", "a", "h m", "%", "_"), "city": ("helsinki", "JYVASKYLA", "Saint Denis", "hel"),
    "brand": ("fazer", "R kioski", "ki"), "district": ("toolo", "Töölö"), "country": ("FI", "fi", "FR"),
    "postcode": ("00100", "sw1a 1aa", "1"), "website": (*SITES, "wolt.com", "%25_"),
    "operating_status": ("open", "UNKNOWN"),
}  # fmt: skip
LISTS = {
    "phones": PHONES, "emails": (*EMAILS, "INFO@engel.fi"), "websites": (*SITES, "x"),
    "socials": (*SOCIALS, "Facebook", "x"), "source": ("osm", "overture", "fsq"),
}  # fmt: skip
ORDERED = {"rating": (3, 3.5, 4, 5), "review_count": (0, 17), "quality_score": (30, 50), "changed_at": STAMPS}
WHERE: tuple[Document, ...] = (
    {"bbox": [24.0, 60.0, 24.5, 60.5]}, {"bbox": [24.99, 60.0, 25.0, 61.0]}, {"bbox": [179.0, 60.0, 24.5, 61.0]},
    {"lat": 60.5, "lon": 24.5, "radius_m": 30_000}, {"lat": 60.5, "lon": 24.5, "radius_m": 100},
    {"lat": 89.0, "lon": 0.0, "radius_m": 2_000_000},
    {"polygon": {"type": "Polygon", "coordinates": [
        [[24.0, 60.0], [25.0, 60.0], [25.0, 61.0], [24.5, 60.5], [24.0, 61.0], [24.0, 60.0]],
        [[24.25, 60.125], [24.75, 60.125], [24.5, 60.25], [24.25, 60.125]],
    ]}},
)  # fmt: skip

Terms = st.SearchStrategy[Document]


def _terms(name: str, values: Sequence[Any], single: Sequence[str], several: Sequence[str] = ()) -> Terms:
    one = st.dictionaries(st.sampled_from(single), st.sampled_from(values), min_size=1, max_size=2)
    many = st.lists(st.sampled_from(values), min_size=1, max_size=3).map(lambda chosen: {several[-1]: chosen})
    there = st.booleans().map(lambda wanted: {"exists": wanted})
    return st.one_of(one, *([many] if several else []), *([] if name == "category" else [there])).map(
        lambda terms: {name: terms}
    )


TERMS: Terms = st.one_of(
    *(_terms(name, values, ("eq", "ne", "contains", "prefix"), ("in",)) for name, values in TEXTS.items()),
    *(_terms(name, values, ("eq", "ne"), ("nin",)) for name, values in TEXTS.items()),
    *(_terms(name, values, ("has",), ("has_any",)) for name, values in LISTS.items()),
    *(_terms(name, values, ("eq", "gt", "gte", "lt", "lte")) for name, values in ORDERED.items()),
    _terms("category", ("cafe", "bar", "food_and_drink", "shop", "hotel"), ("eq", "ne"), ("in",)),
    st.sampled_from(QUERIES).map(lambda query: {"query": query}),
    st.sampled_from(WHERE).map(lambda where: {"location": {"within": where}}),
    st.booleans().map(lambda wanted: {"gone": {"eq": wanted}}),
    st.booleans().map(lambda wanted: {"opening_hours": {"exists": wanted}}),
)
DOCUMENTS: Terms = st.recursive(
    st.lists(TERMS, min_size=1, max_size=3).map(
        lambda parts: {name: terms for part in parts for name, terms in part.items()}
    ),
    lambda inner: (
        st.tuples(inner, inner).map(lambda pair: {**pair[0], "not": pair[1]})
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"or": parts})
        | st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"and": parts})
    ),
    max_leaves=4,
)
"""Filters of every kind, nested."""
