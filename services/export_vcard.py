"""vCards: leads for an address book. Version 4.0 (RFC 6350, RFC 9554) or 3.0 (RFC 2426), which more programs read."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.export_batch import Batch
from services.export_layout import Layout

_BASICS = ("id", "name", "changed_at")
_NEEDS = {
    "address": ("house_number", "street", "unit", "city", "region", "postcode", "country"),
    "location": ("lat", "lon"), "phones": ("phones",), "emails": ("emails",), "websites": ("websites",),
    "category": ("category",), "socials": ("socials",), "timezone": ("timezone",), "attribution": ("attribution",),
    "opening_hours": ("opening_hours",),
}  # fmt: skip
_SPECIAL = re.compile(r"([\\,;])")
_MAX_OCTETS = 75  # of a line: RFC 6350 section 3.2
_KINDS = {
    "4.0": {"landline": ";TYPE=work,voice", "mobile": ";TYPE=work,cell", "fax": ";TYPE=work,fax"},
    "3.0": {"landline": ";TYPE=WORK,VOICE", "mobile": ";TYPE=WORK,CELL", "fax": ";TYPE=WORK,FAX"},
}
Row = Mapping[str, Any]


def needs(layout: Layout) -> tuple[str, ...]:
    """Return the columns of the lead table that cards are made of; what was not chosen is left out."""
    chosen = [column for name in layout.fields for column in _NEEDS.get(name, ())]
    return tuple(dict.fromkeys((*_BASICS, *chosen)))


def cards(layout: Layout, batch: Batch) -> bytes:
    """Return a card for each lead."""
    names = needs(layout)
    json = {name for name in names if name in ("phones", "emails", "websites", "socials", "opening_hours")}
    columns = [batch.parsed(name) if name in json else batch.column(name) for name in names]
    rows = (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
    return "".join(_card(row, layout.vcard_version) for row in rows).encode()


def _card(row: Row, version: str) -> str:
    uid = "UID;VALUE=text" if version == "4.0" else "UID"
    lines = ["BEGIN:VCARD", f"VERSION:{version}", f"{uid}:{row['id']}", f"REV:{_compact(row['changed_at'])}"]
    if version == "4.0":
        lines.append("KIND:org")
    name = escaped(row["name"])
    lines += [f"FN:{name}", f"ORG:{name}", *(["N:;;;;"] if version == "3.0" else [])]
    lines += [line for column, make in _LINES.items() if column in row for line in make(row, version)]
    return "".join(f"{folded(line)}\r\n" for line in (*lines, "END:VCARD"))


def escaped(text: str) -> str:
    """Return a text as a value (RFC 6350 section 3.4); of control characters it keeps line breaks and tabs."""
    if not text.isprintable():
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        text = "".join(each for each in lines if each in "\n\t" or (each >= " " and each != "\x7f"))
    return _SPECIAL.sub(r"\\\1", text).replace("\n", "\\n")


def folded(line: str) -> str:
    """Break a line so that none is over 75 octets, and no character of several octets is torn."""
    if len(line) <= _MAX_OCTETS and line.isascii():
        return line
    made, size = [""], 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _MAX_OCTETS:
            made.append(" ")
            size = 1
        made[-1] += character
        size += octets
    return "\r\n".join(made)


def _compact(stamp: str) -> str:
    """``20261124T043800Z``: the only form that both versions have."""
    return f"{stamp[:19].replace('-', '').replace(':', '')}Z"


def _uri(text: str) -> str:
    """A URI is no text, so nothing in it is escaped; what would end the line is left out."""
    return "".join(character for character in text if character > " " and character != "\x7f")


def _address(row: Row, version: str) -> Sequence[str]:
    street = " ".join(filter(None, (row["street"], row["house_number"])))
    parts = ("", row["unit"], street, row["city"], row["region"], row["postcode"], row["country"])
    if not any(parts):
        return ()
    return [f"ADR;TYPE={'work' if version == '4.0' else 'WORK'}:" + ";".join(escaped(part or "") for part in parts)]


def _phones(row: Row, version: str) -> Sequence[str]:
    kinds = _KINDS[version]
    return [
        f"TEL{';VALUE=uri' if version == '4.0' and phone['e164'] else ''}{kinds.get(phone['kind'], '')}:"
        + (f"tel:{phone['e164']}" if version == "4.0" and phone["e164"] else escaped(phone["e164"] or phone["raw"]))
        for phone in row["phones"]
    ]


def _emails(row: Row, _version: str) -> Sequence[str]:
    return [f"EMAIL:{escaped(address)}" for address in row["emails"]]


def _socials(row: Row, version: str) -> Sequence[str]:
    name = "SOCIALPROFILE;SERVICE-TYPE" if version == "4.0" else "X-SOCIALPROFILE;TYPE"
    return [f"{name}={platform}:{_uri(url)}" for platform, urls in row["socials"].items() for url in urls]


def _hours(row: Row) -> str:
    return f"Opening hours: {row['opening_hours']['raw']}"


def _place(row: Row, version: str) -> Sequence[str]:
    return [f"GEO:geo:{row['lat']},{row['lon']}" if version == "4.0" else f"GEO:{row['lat']};{row['lon']}"]


_LINES: Mapping[str, Callable[[Row, str], Sequence[str]]] = {
    "phones": _phones,
    "emails": _emails,
    "websites": lambda row, _: [f"URL:{_uri(url)}" for url in row["websites"]],
    "street": _address,
    "lat": _place,
    "timezone": lambda row, _: [f"TZ:{escaped(row['timezone'])}"] if row["timezone"] else [],
    "category": lambda row, _: [f"CATEGORIES:{escaped(row['category'])}"],
    "socials": _socials,
    "opening_hours": lambda row, _: [f"NOTE:{escaped(_hours(row))}"] if row["opening_hours"] else [],
    "attribution": lambda row, _: [f"NOTE:{escaped('Source: ' + row['attribution'])}"],
}
"""The column that something is known by -> the lines it becomes."""
