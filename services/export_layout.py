"""What an export shows of each lead: which columns in which order under which names, and in which dialect."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from services import export_columns, export_json
from services.export_columns import COLUMNS, Column
from services.export_csv import Dialect
from services.export_json import Member
from services.lead_rows import NAMES

Named = Mapping[str, str]
"""A flat column under a name of the customer's: ``field`` and ``header``."""

PRESETS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        # companies, by the labels of their properties
        "hubspot": (
            ("name", "Company name"), ("domain", "Company domain name"), ("phone", "Phone number"),
            ("street_line", "Street address"), ("address_city", "City"), ("address_region", "State/Region"),
            ("address_postcode", "Postal code"), ("address_country", "Country/Region"), ("website", "Website URL"),
            ("timezone", "Time zone"), ("facebook", "Facebook company page"), ("linkedin", "LinkedIn company page"),
        ),
        # accounts, by the labels of their fields
        "salesforce": (
            ("name", "Account Name"), ("phone", "Account Phone"), ("website", "Website"),
            ("street_line", "Billing Street"), ("address_city", "Billing City"),
            ("address_region", "Billing State/Province"),
            ("address_postcode", "Billing Zip/Postal Code"), ("address_country", "Billing Country"),
            ("category", "Industry"), ("id", "Account Number"), ("attribution", "Account Description"),
        ),
        # organizations, each with the person that phones and emails hang on
        "pipedrive": (
            ("name", "Organization - Name"), ("address_formatted", "Organization - Address"),
            ("website", "Organization - Website"), ("linkedin", "Organization - LinkedIn profile"),
            ("category", "Organization - Label"), ("name", "Person - Name"), ("phone", "Person - Phone"),
            ("email", "Person - Email"),
        ),
    }
)  # fmt: skip
"""Headers that a CRM recognises when such a file is imported: (column, header). Sources are in docs/decisions.md."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``columns`` are for tables and ``members`` for JSON, both in order and under the names they are written with.

    ``fields`` are the properties that were chosen whole. ``measured`` tells that leads have a distance.
    """

    fields: tuple[str, ...]
    columns: tuple[tuple[str, Column], ...]
    members: tuple[Member, ...]
    dialect: Dialect = field(default_factory=Dialect)
    vcard_version: str = "4.0"
    measured: bool = False

    @property
    def verbatim(self) -> bool:
        """Tell whether each lead is shown exactly as its document is kept."""
        return self.fields == NAMES and len(self.members) == len(NAMES) and not self.measured

    @property
    def headers(self) -> list[str]:
        return [name for name, _ in self.columns]


def layout(
    fields: Sequence[str], columns: Sequence[Named] = (), dialect: Dialect | None = None, vcard_version: str = "4.0",
    *, measured: bool = False,
) -> Layout:  # fmt: skip
    """Return the layout with these properties of leads, then these flat columns; KeyError for a name there is not.

    A name that is taken already gets a number: ``name (2)``.
    """
    named = [(one["header"], COLUMNS[one["field"]]) for one in columns]
    members = [export_json.of_field(name) for name in fields]
    members += [export_json.of_column(name, made) for name, made in _told_apart(named, fields)]
    flat = [(made.name, made) for name in fields for made in export_columns.of_field(name)]
    table = tuple(_told_apart(flat + named))
    return Layout(tuple(fields), table, tuple(members), dialect or Dialect(), vcard_version, measured)


def preset(name: str) -> list[dict[str, str]]:
    """Return the columns of a preset; KeyError if there is none of this name."""
    return [{"field": column, "header": header} for column, header in PRESETS[name]]


def _told_apart(columns: Iterable[tuple[str, Column]], taken: Iterable[str] = ()) -> list[tuple[str, Column]]:
    seen, made = set(taken), []
    for name, column in columns:
        free, number = name, 2
        while free in seen:
            free, number = f"{name} ({number})", number + 1
        seen.add(free)
        made.append((free, column))
    return made


def needs(columns: Iterable[Any]) -> tuple[str, ...]:
    """Return the columns of the lead table that these columns or members are made of, each once."""
    return tuple(dict.fromkeys(name for column in columns for name in column.needs))
