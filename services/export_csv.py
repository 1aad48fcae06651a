"""CSV, made a column at a time: three times as fast as ``csv.writer``, which looks at each character of each cell.

RFC 4180 with what customers may choose of the dialect. Nothing in it runs in a spreadsheet unless they ask for that.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import orjson

from services.export_batch import Batch, Values
from services.export_columns import INTEGER, LIST, NUMBER, TEXT, Column

_RISKY = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four are the wide forms, which are evaluated too
_NUMBERS = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(; \+?[0-9]+)*")
_first_character = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Dialect:
    """``quote_all`` quotes every cell rather than those that need it; ``guard`` keeps texts from being formulas."""

    delimiter: str = ","
    quote_all: bool = False
    line_end: str = "\r\n"
    decimal_comma: bool = False
    bom: bool = True
    guard: bool = True


def header(names: Sequence[str], dialect: Dialect) -> bytes:
    """Return the first line; with a byte order mark, without which spreadsheets read UTF-8 as something else."""
    cells = _quoted(guarded(names) if dialect.guard else names, dialect)
    return (b"\xef\xbb\xbf" if dialect.bom else b"") + (dialect.delimiter.join(cells) + dialect.line_end).encode()


def lines(columns: Sequence[Column], batch: Batch, dialect: Dialect) -> bytes:
    """Return a line for each lead of the batch."""
    cells = [_quoted(_texts(column, batch, dialect), dialect) for column in columns]
    made = map(dialect.delimiter.join, zip(*cells, strict=True))
    return (dialect.line_end.join(made) + dialect.line_end).encode()


def _texts(column: Column, batch: Batch, dialect: Dialect) -> Sequence[str]:
    """Return the cells of a column, without quotes."""
    if column.kind in (NUMBER, INTEGER):
        texts = _numbers(column.values(batch))
        return [text.replace(".", ",") for text in texts] if dialect.decimal_comma and column.kind == NUMBER else texts
    texts = ["" if text is None else text for text in column.texts(batch)]
    return guarded(texts) if dialect.guard and column.kind in (TEXT, LIST) else texts


def _numbers(values: Values) -> list[str]:
    """Write all in one go; none is infinite."""
    return orjson.dumps(values)[1:-1].replace(b"null", b"").decode().split(",")


def guarded(texts: Sequence[str]) -> Sequence[str]:
    """Keep a spreadsheet from running texts as formulas: a quote goes before each that could be one, as OWASP advises.

    Not before plain numbers, nor phone numbers in E.164 and lists of them: they hold nothing to run, and a quote
    would spoil them for every other program.
    """
    if _RISKY.isdisjoint(map(_first_character, filter(None, texts))):
        return texts
    return [f"'{text}" if text[:1] in _RISKY and not _harmless(text) else text for text in texts]


def _harmless(text: str) -> bool:
    return (text[0] == "+" and text[1:].isdecimal()) or _NUMBERS.fullmatch(text) is not None


def _quoted(texts: Sequence[str], dialect: Dialect) -> Sequence[str]:
    if dialect.quote_all:
        return [_enclosed(text) for text in texts]
    special = (dialect.delimiter, '"', "\r", "\n")
    whole = "".join(texts)
    if not any(character in whole for character in special):
        return texts
    needs = re.compile(f"[{re.escape(''.join(special))}]").search
    return [_enclosed(text) if needs(text) else text for text in texts]


def _enclosed(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
