"""What a lead says, put together from three layers, so that none of them is ever lost to another. Pure.

    customer   what the customer corrected: it stands, whatever maps and websites say
    enriched   what the business's own website says: more values in lists, single values where the map has none
    map        what the places say (``services.lead_values.merge``), the rows of the customer's lists among them

The column ``layers`` keeps them apart:

    {"map": columns, "enriched": columns, "customer": {property: {"at": time, "columns": columns}}, "listed": {...}}

``listed`` says which contacts of the first layer only the lists give. The column is null while the map alone speaks,
and the columns of the lead are then its layer. A scan or an import replaces the layer of the map, an enrichment its
own, a customer theirs; each time the lead is put together anew.
"""

from collections.abc import Mapping
from typing import Any

from services import lead_values
from services.lead_values import Columns

Layers = Mapping[str, Any] | None

MAPPED = (*lead_values.CONTENT, "sources", "quality_reasons")
"""The columns that are the layer of the map."""

ENRICHABLE = (*lead_values.LISTS, "socials", "attributes", "opening_hours", "rating", "review_count")
"""The columns that an enrichment may add to."""

_SINGLE = ("opening_hours", "rating", "review_count")


def map_of(lead: Mapping[str, Any]) -> Columns:
    """Return what the map alone says of a stored lead: by it a scan finds out which business it is, and where."""
    layers = lead.get("layers")
    return dict(layers["map"]) if layers else {name: lead[name] for name in MAPPED if name in lead}


def on_map(columns: Columns, layers: Layers) -> Columns:
    """Return the columns of a lead of which the map now says this (as ``lead_values.merge`` has it)."""
    listed = columns.get("listed")
    if not layers and not listed:
        return {**columns, "layers": None}
    mapped = {name: columns[name] for name in MAPPED}
    return _together(mapped, {**(layers or {}), "listed": listed})


def with_enriched(lead: Mapping[str, Any], found: Mapping[str, Any]) -> Columns:
    """Return the columns of a stored lead of which its website says ``found``, some of ``ENRICHABLE``.

    That replaces what it said before; nothing takes it away again.
    """
    wrong = found.keys() - set(ENRICHABLE)
    if wrong:
        raise ValueError(f"an enrichment adds nothing to {', '.join(sorted(wrong))}")
    return _together(map_of(lead), {**(lead.get("layers") or {}), "enriched": dict(found)})


def with_corrections(lead: Mapping[str, Any], corrections: Mapping[str, Columns | None], at: str) -> Columns:
    """Return the columns of a stored lead that its customer corrected ``at`` a time.

    ``corrections`` tell for each property the columns that say it (``services.lead_corrections``), or None to take an
    earlier correction back.
    """
    layers = lead.get("layers") or {}
    customer = dict(layers.get("customer", {}))
    for name, columns in corrections.items():
        if columns is None:
            customer.pop(name, None)
        elif columns != customer.get(name, {}).get("columns"):
            customer[name] = {"at": at, "columns": columns}
    return _together(map_of(lead), {**layers, "customer": customer})


def _together(mapped: Columns, layers: Mapping[str, Any]) -> Columns:
    found, customer, listed = (layers.get(name) or {} for name in ("enriched", "customer", "listed"))
    columns = mapped | _added(mapped, found)
    for made in customer.values():
        columns |= made["columns"]
    standing = [reason for reason in mapped["quality_reasons"] if reason in lead_values.STANDING]
    kept = {"map": mapped, "enriched": found, "customer": customer, **({"listed": listed} if listed else {})}
    return lead_values.finished(columns, standing) | {"layers": kept if found or customer or listed else None}


def _added(mapped: Columns, found: Mapping[str, Any]) -> Columns:
    """Return the columns that an enrichment changes: after what the map has, and only where it has nothing."""
    added = {name: found[name] for name in _SINGLE if name in found and mapped[name] is None}
    for name in lead_values.LISTS:
        if name in found:
            added[name] = lead_values.unique(name, [*mapped[name], *found[name]])
    if "socials" in found:
        added["socials"] = lead_values.socials([mapped["socials"], found["socials"]])
    if "attributes" in found:
        added["attributes"] = lead_values.united([mapped["attributes"], found["attributes"]])
    return added
