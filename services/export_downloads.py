"""Hands out the files of finished exports: to who has a key of the account, or a link that was made with one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core import blobs, clock, config, tickets
from core.errors import Conflict, Gone, NotFound
from models import export as table
from services import exports
from services.accounts import Caller
from services.export_formats import FORMATS

API_VERSION = "1.0.0"
"""Version of the contract that a manifest is written by; a test holds it to the contract's own."""

GZIP = "application/gzip"
_NO_LINK = "There is no such link. Make one with create_download_link."


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A finished file: ``size`` in bytes, ``sha256`` in hex."""

    name: str
    media_type: str
    size: int
    sha256: str
    key: str

    @property
    def chunks(self) -> Iterable[bytes]:
        """The whole content, read as it is taken."""
        return self.read(0, self.size)

    def read(self, start: int, length: int) -> Iterator[bytes]:
        """Give ``length`` bytes from ``start`` on."""
        return blobs.open_store(config.current().blobs_url).read(self.key, start, length)


def open_export_file(caller: Caller, export_id: str, number: int = 1) -> ExportFile:
    """Return a file by its number, from 1.

    Raise NotFound, Conflict if there is none (yet), Gone if it was kept long enough.
    """
    return _file(exports.owned(caller, export_id), number)


def create_download_link(caller: Caller, export_id: str, number: int, lifetime_s: int) -> dict[str, Any]:
    """Return a URL that gives a file to whoever has it, without a key, for so many seconds. Raises like the above."""
    row = exports.owned(caller, export_id)
    file = _file(row, number)
    expires = min(clock.now() + timedelta(seconds=lifetime_s), clock.parse(row["expires_at"]))
    ticket = tickets.write(_secret(), f"{export_id}:{number}", int(expires.timestamp()))
    url = f"{config.current().public_url}/v1/downloads/{ticket}"
    return {"url": url, "file": number, "name": file.name, "expires_at": clock.stamp(expires.replace(microsecond=0))}


def open_linked_file(ticket: str) -> ExportFile:
    """Return the file of a link. Raise NotFound for a link that we did not make, Gone for one that is over."""
    found = tickets.read(_secret(), ticket)
    if found is None:
        raise NotFound(_NO_LINK)
    (export_id, _, number), expires = found[0].partition(":"), found[1]
    if clock.now().timestamp() >= expires:
        raise Gone("This link is over. Make another with create_download_link.")
    row = table.get(export_id)
    if row is None or row["status"] == table.DELETED:
        raise NotFound(_NO_LINK)
    return _file(row, int(number))


def get_manifest(caller: Caller, export_id: str) -> dict[str, Any]:
    """Return what an export holds and where that is from. Raises like ``open_export_file``."""
    row = exports.owned(caller, export_id)
    _require_completed(row)
    told = exports.document(row)
    made: dict[str, Any] = {"export_id": export_id, "api_version": API_VERSION, "media_type": _media_type(row)}
    same = ("created_at", "snapshot_at", "expires_at", "format", "compression", "filters", "fields", "columns")
    made |= {name: told[name] for name in (*same, "only_new_since", "row_count", "bytes")}
    made |= {"files": [_told(row, file, number) for number, file in enumerate(row["files"], 1)]}
    return {**made, **row["credits"]}


def _told(row: table.Row, file: dict[str, Any], number: int) -> dict[str, Any]:
    url = f"{config.current().public_url}/v1/exports/{row['id']}/download?file={number}"
    return {"file": number, "download_url": url} | {name: file[name] for name in ("name", "rows", "bytes", "sha256")}


def _file(row: table.Row, number: int) -> ExportFile:
    _require_completed(row)
    if not 1 <= number <= len(row["files"]):
        raise NotFound(f"The export has {len(row['files'])} files; there is no file {number}.")
    file = row["files"][number - 1]
    return ExportFile(file["name"], _media_type(row), file["bytes"], file["sha256"], file["key"])


def _require_completed(row: table.Row) -> None:
    status = exports.document(row)["status"]
    if status == "expired":
        raise Gone(f"The files of {row['id']} were deleted {row['expires_at']}. Make a new export.")
    if status != "completed":
        raise Conflict(f"There is no file to download: the export is {status}.")


def _media_type(row: table.Row) -> str:
    return GZIP if row["options"]["compression"] == "gzip" else FORMATS[row["format"]].media_type


def _secret() -> bytes:
    return config.current().secret("download-links")
