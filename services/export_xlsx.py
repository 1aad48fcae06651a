"""XLSX, written as a stream: one sheet of texts and numbers, in constant memory and with no temporary file.

The parts are those that ECMA-376 asks of a workbook at the least. Libraries that write XLSX take each cell by itself,
which costs six times as much (docs/decisions.md). Texts are typed as texts, so nothing is ever run as a formula.
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from core.blobs import Writer
from services.export_batch import Batch
from services.export_columns import INTEGER, NUMBER, Column
from services.export_layout import Layout

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS = 1_048_575
"""Rows of a sheet, without its header."""

_MAX_TEXT = 32_767  # characters of a cell
_LEVEL = 1  # of compression: what more would win in size costs thrice the time
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same leads make the same bytes
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_ML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_ML}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_ML}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_SHEET_ML}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="Leads" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
_OPENING = (
    f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_CLOSING = "</sheetData></worksheet>"
# what XML cannot say at all, and what would be taken for the escape of it
_MARKS = ("&", "<", ">", "_x")
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)|\r")


class Sheet:
    """A workbook being written."""

    def __init__(self, file: Writer, layout: Layout) -> None:
        self._columns = [column for _, column in layout.columns]
        self._zip = _Zip(_Unseekable(file), "w", zipfile.ZIP_DEFLATED)
        for name, text in _PARTS.items():
            self._zip.writestr(_entry(name), _DECLARATION + text)
        self._part = self._zip.open(_entry("xl/worksheets/sheet1.xml"), "w", force_zip64=True)
        heads = "".join(cell.replace("<c ", '<c s="1" ', 1) for cell in _text_cells(layout.headers))
        self._part.write(f"{_DECLARATION}{_OPENING}<row>{heads}</row>".encode())

    def write(self, batch: Batch) -> None:
        cells = [_cells(column, batch) for column in self._columns]
        self._part.write("".join(f"<row>{row}</row>" for row in map("".join, zip(*cells, strict=True))).encode())

    def close(self) -> None:
        self._part.write(_CLOSING.encode())
        self._part.close()
        self._zip.close()


class _Zip(zipfile.ZipFile):
    """An archive that is ended only by who writes it: one that was given up must not look whole."""

    def __del__(self) -> None:
        """Leave it as it is."""


class _Unseekable:
    """A file for ``zipfile``, which wants to flush what it writes."""

    mode = "wb"

    def __init__(self, file: Writer) -> None:
        self._file = file

    def write(self, data: bytes, /) -> int:
        self._file.write(bytes(data))
        return len(data)

    def tell(self) -> int:
        raise OSError("only written to")

    def seek(self, _offset: int, _whence: int = 0, /) -> int:
        raise OSError("only written to")

    def close(self) -> None:
        """The file is not ours to close."""

    def flush(self) -> None:
        """Nothing is held back here."""


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry._compresslevel = _LEVEL  # type: ignore[attr-defined] # public as compress_level only from Python 3.13 on
    return entry


def _cells(column: Column, batch: Batch) -> Iterable[str]:
    if column.kind in (NUMBER, INTEGER):
        return ["<c/>" if value is None else f"<c><v>{value!r}</v></c>" for value in column.values(batch)]
    return _text_cells(column.texts(batch))


def _text_cells(texts: Sequence[str | None]) -> list[str]:
    return [
        f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' if text else "<c/>"
        for text in _escaped(texts)
    ]


def _escaped(texts: Sequence[str | None]) -> Sequence[str | None]:
    """Escape what needs it, which is seldom anything in a whole column."""
    known = [text for text in texts if text]
    whole, longest = "".join(known), max(map(len, known), default=0)
    if whole.isprintable() and longest <= _MAX_TEXT and not any(mark in whole for mark in _MARKS):
        return texts
    return [text and _UNSAYABLE.sub(_said, escape(text[:_MAX_TEXT])) for text in texts]


def _said(found: re.Match[str]) -> str:
    """Return the escape of one character: ECMA-376 part 1, 22.9.2.19."""
    return f"_x{ord(found[0]):04X}_"
