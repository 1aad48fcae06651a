"""What is offered for download is whole, and what is told of it is true."""

import csv
import hashlib
import io
from typing import Any

import orjson

from core import blobs, config
from models import export as table
from services import accounts, export_downloads, export_ledger, exports


def untrue(export_id: str, files: int = 1) -> list[str]:
    """Return what is wrong with a completed export: its files, what its row and its manifest tell of them, its ledger.

    It must have so many ``files``. Only csv and geojson with the ids of leads can be looked into.
    """
    row = table.get(export_id)
    assert row is not None
    caller = accounts.by_id(row["account_id"])
    told, manifest = exports.get_export(caller, export_id), export_downloads.get_manifest(caller, export_id)
    parts = [export_downloads.open_export_file(caller, export_id, each["file"]) for each in manifest["files"]]
    contents = [b"".join(part.chunks) for part in parts]
    leads = [_ids(told["format"], content) for content in contents]
    facts = [_facts(content, ids) for content, ids in zip(contents, leads, strict=True)]
    every = [lead for ids in leads for lead in ids]
    whole = _whole(facts)
    looks = {
        "number of files": (len(parts), files),
        "files": ([_only(each) for each in manifest["files"]], facts),
        "names": ([part.name for part in parts], [each["name"] for each in manifest["files"]]),
        "row": ({name: told[name] for name in whole}, whole),
        "manifest": ({name: manifest[name] for name in ("row_count", "bytes")}, _some(whole, "row_count", "bytes")),
        "stored": ([(part.size, part.sha256) for part in parts], [(each["bytes"], each["sha256"]) for each in facts]),
        "repeated leads": (len(every), len(set(every))),
        "ledger": (export_ledger.load(_store(), row["ledger_key"]).lacks(every), [False] * len(every)),
        "ledger's size": (_store().size(row["ledger_key"]), 12 * len(every)),
    }
    return [f"{export_id}, {what}: {is_}, not {due}" for what, (is_, due) in looks.items() if is_ != due]


def _ids(file_format: str, content: bytes) -> list[str]:
    if file_format == "csv":
        return [row["id"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))]
    return [feature["id"] for feature in orjson.loads(content)["features"]]


def _facts(content: bytes, ids: list[str]) -> dict[str, Any]:
    return {"rows": len(ids), "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _whole(facts: list[dict[str, Any]]) -> dict[str, Any]:
    """What must be told of all files together."""
    sums = {"row_count": sum(each["rows"] for each in facts), "bytes": sum(each["bytes"] for each in facts)}
    return sums | {"file_count": len(facts), "sha256": facts[0]["sha256"] if len(facts) == 1 else None}


def _only(file: dict[str, Any]) -> dict[str, Any]:
    return _some(file, "rows", "bytes", "sha256")


def _some(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: document[name] for name in names}


def _store() -> blobs.Store:
    return blobs.open_store(config.current().blobs_url)
