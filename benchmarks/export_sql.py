"""The same tables as SQL: what a shell is asked for to write the very cells that our CSV has."""

from core import taxonomy

FROM = "FROM lead WHERE rank_key >= 0 ORDER BY rank_key"


def _items(column: str, item: str = "value") -> str:
    return f"(SELECT group_concat({item}, '; ') FROM json_each({column}))"


def _newest(member: str) -> str:
    return f"(SELECT max(value ->> '{member}') FROM json_each(sources))"


def _fact(path: str) -> str:
    return f"website_facts ->> '$.{path}'"


def _facts(path: str, item: str = "value") -> str:
    return f"(SELECT group_concat({item}, '; ') FROM json_each(website_facts, '$.{path}'))"


_ID = "(value ->> 'scheme') || ' ' || (value ->> 'value')"
_EVIDENCE = "(value ->> 'field') || ': ' || (value ->> 'value') || ' (' || (value ->> 'source_url') || ')'"
_PHONE = "coalesce(value ->> 'e164', value ->> 'raw')"
_STREET = "trim(coalesce(street, '') || ' ' || coalesce(house_number, '') || ' ' || coalesce(unit, ''))"
_TOWN = "trim(coalesce(postcode, '') || ' ' || coalesce(city, district, ''))"
_LINE = f"trim({_STREET} || ', ' || {_TOWN} || ', ' || coalesce(country, ''), ', ')"
EXPRESSIONS = {
    "names": _items("names", "key || '=' || value"),
    "alt_names": _items("alt_names"),
    "category_path": "(SELECT path FROM temp.paths WHERE paths.category = lead.category)",
    **{f"address_{part}": part for part in
       ("house_number", "street", "unit", "district", "city", "region", "postcode", "country")},
    "address_formatted": f"replace({_LINE}, ', , ', ', ')",
    "phones": _items("phones", _PHONE),
    "emails": _items("emails"),
    "websites": _items("websites"),
    "socials": "(SELECT group_concat(each.value, '; ') FROM json_each(socials) AS one, json_each(one.value) AS each)",
    "opening_hours": "opening_hours ->> 'raw'",
    "attributes": _items("attributes", "key || '=' || iif(value, 'yes', 'no')"),
    "quality_reasons": _items("quality_reasons"),
    "sources": _items("sources", "(value ->> 'source') || ':' || (value ->> 'record_id')"),
    "license": "(SELECT group_concat(license, '; ') FROM"
    " (SELECT DISTINCT value ->> 'license' AS license FROM json_each(sources)))",
    "source_updated_at": _newest("updated_at"),
    "source_release": _newest("release"),
    "tags": _items("tags"),
    "corrections": "(SELECT group_concat(key, '; ') FROM json_each(layers, '$.customer'))",
    "website_final_url": _fact("check.final_url"),
    "website_status_code": _fact("check.status_code"),
    "website_https": "CASE website_https WHEN 0 THEN 'no' WHEN 1 THEN 'yes' END",
    "site_title": _fact("site.title"),
    "site_languages": _facts("site.languages"),
    "contact_pages": _facts("site.contact_pages"),
    "legal_name": _fact("legal.name"),
    "legal_form": _fact("legal.form"),
    "legal_ids": _facts("legal.ids", _ID),
    "evidence": _facts("evidence", _EVIDENCE),
    "distance_m": "NULL",
}  # fmt: skip
"""Column of ours -> SQL on ``lead``; a column of the table otherwise."""


def cells(columns: list[str]) -> str:
    """Return the query that gives exactly the cells of these columns."""
    return f"SELECT {', '.join(EXPRESSIONS.get(name, name) for name in columns)} {FROM}"


def kept(columns: list[str]) -> str:
    """Return the query that gives the table's columns as they are kept, JSON as JSON: no work but to copy them."""
    return f"SELECT {', '.join(columns)} {FROM}"


def paths() -> str:
    """Return the SQL that makes the table that ``category_path`` is looked up in."""
    rows = ", ".join(f"('{one.id}', '{' > '.join(one.path)}')" for one in taxonomy.all_categories())
    table = "CREATE TEMP TABLE paths (category TEXT PRIMARY KEY, path TEXT) WITHOUT ROWID"
    return f"{table}; INSERT INTO paths VALUES {rows};"
