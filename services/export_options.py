"""What customers may choose of an export besides its leads, its format and its columns."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from services.export_csv import Dialect

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}


@dataclass(frozen=True, slots=True)
class Csv:
    """The dialect of CSV, in the words of the contract."""

    delimiter: str = "comma"
    quoting: str = "minimal"
    line_ending: str = "crlf"
    decimal_separator: str = "point"
    bom: bool = True


@dataclass(frozen=True, slots=True)
class Options:
    """Options by the contract's names.

    ``guard_formulas`` keeps texts in CSV from being run by spreadsheets; ``only_new_since`` is an earlier export, whose
    leads are left out.
    """

    preset: str | None = None
    csv: Csv = field(default_factory=Csv)
    guard_formulas: bool = True
    vcard_version: str = "4.0"
    compression: str = "none"
    max_rows_per_file: int | None = None
    only_new_since: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Options":
        """Return the options in a valid request or a kept row; other members are ignored."""
        known = {name: given[name] for name in cls.__dataclass_fields__ if given.get(name) is not None}
        return cls(**known | {"csv": Csv(**known.get("csv", {}))})

    def document(self) -> dict[str, Any]:
        return asdict(self)

    def dialect(self) -> Dialect:
        """Return how CSV is written."""
        return Dialect(
            delimiter=_DELIMITERS[self.csv.delimiter],
            quote_all=self.csv.quoting == "all",
            line_end=_LINE_ENDS[self.csv.line_ending],
            decimal_comma=self.csv.decimal_separator == "comma",
            bom=self.csv.bom,
            guard=self.guard_formulas,
        )
