"""Exports from asking to the last byte, on both databases."""

import csv
import gzip
import hashlib
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from core import clock, config, errors
from jobs import run_scan, write_export
from jobs.worker import Worker
from models.account import Account
from models.export import Export
from models.job import JobRow
from models.lead import Lead
from models.webhook import Event
from services import accounts, export_downloads, export_files, exports, leads, scans
from services.accounts import Caller
from services.export_options import Options
from services.filters import EVERYTHING
from tests import catalogue
from tests.catalogue import LAT, LON, PHONE, SAMPLE_AREA, place
from tests.leads import lead, write
from tests.promises import Promises

pytestmark = pytest.mark.usefixtures("database")

HERE = {"bbox": [LON - 0.01, LAT - 0.01, LON + 0.01, LAT + 0.01]}
PLACES = (place("node/1", phones=[PHONE]), place("node/2", 200, name="=Bar()", category="bar"))


@pytest.fixture
def caller() -> Caller:
    catalogue.publish(PLACES)
    made = accounts.create("a@example.com", "pro")
    scans.create_scan(made, None, HERE, [])
    work()
    Event.delete().execute()
    return made


def work() -> int:
    """Do all work that is due."""
    return Worker({scans.RUN_SCAN: run_scan.run, exports.WRITE_EXPORT: write_export.run}).run_until_idle()


def exported(caller: Caller, file_format: str = "csv", wanted: dict[str, Any] | None = None, *fields: str) -> Any:
    made = exports.create_export(caller, file_format, wanted or {}, fields or None)
    assert (made["status"], made["row_count"], made["download_url"]) == ("queued", None, None)
    work()
    done = exports.get_export(caller, made["id"])
    assert done["status"] == "completed", done["error"]
    return done


def download(caller: Caller, export: Any) -> bytes:
    """Fetch the file and check it against what was announced."""
    file = export_downloads.open_export_file(caller, export["id"])
    content = b"".join(file.chunks)
    assert file.name == f"leads-{export['created_at'][:10]}-{export['id']}.{export['format']}"
    assert len(content) == file.size == export["bytes"]
    assert hashlib.sha256(content).hexdigest() == file.sha256 == export["sha256"]
    return content


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def test_every_lead_of_the_sample_city(caller: Caller) -> None:
    catalogue.publish(catalogue.sample(), catalogue.LATER)
    scans.create_scan(caller, None, SAMPLE_AREA, [])
    work()
    found = rows(download(caller, exported(caller)))
    assert len(found) == leads.count(caller, EVERYTHING) >= 1250
    assert len({row["id"] for row in found}) == len(found)
    assert {row["attribution"] for row in found} == {"© OpenStreetMap contributors"}
    names = {row.name for row in Lead.select(Lead.name).where(Lead.gone_at.is_null())}
    assert {row["name"] for row in found} == names
    assert all(row["phones"].startswith("+358") for row in found if row["phones"][:1] == "+")


@pytest.mark.parametrize("file_format", ["csv", "json", "ndjson", "geojson", "vcf"])
def test_every_format_can_be_fetched(caller: Caller, file_format: str) -> None:
    done = exported(caller, file_format)
    assert done["row_count"] == 2
    assert done["download_url"] == f"http://127.0.0.1:8080/v1/exports/{done['id']}/download"
    assert done["expires_at"] == clock.stamp(clock.parse(done["finished_at"]) + timedelta(days=7))
    content = download(caller, done)
    assert "Café Engel".encode() in content
    assert "© OpenStreetMap contributors".encode() in content


def test_only_what_was_asked_for(caller: Caller) -> None:
    wanted = {"category": {"eq": "cafe"}}
    done = exported(caller, "csv", wanted, "phones", "name")
    assert (done["filters"], done["fields"], done["row_count"]) == (wanted, ["phones", "name"], 1)
    assert download(caller, done).decode("utf-8-sig") == "phones,name\r\n+35891234567,Café Engel\r\n"
    assert exports.estimate_export(caller, wanted) == {"dry_run": True, "row_count": 1, "file_count": 1}


def test_formulas_in_names_do_not_run(caller: Caller) -> None:
    content = download(caller, exported(caller, "csv", {"category": {"eq": "bar"}}, "name"))
    assert rows(content) == [{"name": "'=Bar()"}]


def test_all_fields_are_named_when_none_was_chosen(caller: Caller) -> None:
    assert exports.create_export(caller, "ndjson", {})["fields"][:3] == ["id", "name", "names"]


def test_the_event_holds_what_the_api_shows(caller: Caller) -> None:
    done = exported(caller)
    event = orjson.loads(Event.get().body)
    assert (event["type"], event["data"]["export"]) == ("export.ready", done)
    assert JobRow.select().count() == 0


def test_refusals_name_everything_that_is_wrong(caller: Caller) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        exports.create_export(caller, "cvs", {}, ["name", "phone", "zzzzzzzz"])
    first, second, third = refused.value.details
    assert (first.pointer, second.pointer, third.pointer) == ("/format", "/fields/1", "/fields/2")
    assert "'csv'" in first.message
    assert "'phones'" in second.message
    with pytest.raises(errors.InvalidInput) as refused:
        exports.create_export(caller, "csv", {"nmae": {"eq": "x"}})
    assert refused.value.details[0].pointer == "/filters/nmae"
    assert Export.select().count() == 0


def test_more_rows_than_the_plan_allows(caller: Caller) -> None:
    Account.update(limits={"export_rows": 1}).execute()
    poor = accounts.by_id(caller.account_id)
    with pytest.raises(errors.PlanLimitExceeded):
        exports.create_export(poor, "csv", {})
    with pytest.raises(errors.PlanLimitExceeded):
        exports.estimate_export(poor, {})
    made = exports.create_export(caller, "csv", {})  # it was allowed when it was asked for
    work()
    done = exports.get_export(caller, made["id"])
    assert (done["status"], done["error"]["code"], done["download_url"]) == ("failed", "plan_limit_exceeded", None)


def test_no_file_before_it_is_whole_and_none_for_others(caller: Caller) -> None:
    made = exports.create_export(caller, "csv", {})
    with pytest.raises(errors.Conflict):
        export_downloads.open_export_file(caller, made["id"])
    work()
    other = accounts.create("b@example.com")
    for ask in (exports.get_export, export_downloads.open_export_file):
        with pytest.raises(errors.NotFound):
            ask(other, made["id"])
    assert exports.list_exports(other, 10).rows == []


def test_files_are_deleted_when_their_time_is_over(caller: Caller) -> None:
    done, young = exported(caller), exported(caller)
    export_files.delete_expired()
    download(caller, done)
    Export.update(expires_at="2020-01-01T00:00:00.000Z").where(Export.id == done["id"]).execute()
    for _ in range(2):
        told = exports.get_export(caller, done["id"])
        assert (told["status"], told["download_url"], told["sha256"]) == ("expired", None, done["sha256"])
        with pytest.raises(errors.Gone):
            export_downloads.open_export_file(caller, done["id"])
        export_files.delete_expired()
    assert len(files()) == 1
    download(caller, young)


def test_a_week_later_they_are_expired(caller: Caller) -> None:
    done = exported(caller)
    clock.set_source(lambda: datetime.now(UTC) + timedelta(days=7, seconds=1))
    assert exports.get_export(caller, done["id"])["status"] == "expired"
    export_files.delete_expired()
    assert files() == []


def test_pages_of_exports_newest_first(caller: Caller) -> None:
    made = [exports.create_export(caller, "csv", {})["id"] for _ in range(3)]
    first = exports.list_exports(caller, 2)
    rest = exports.list_exports(caller, 2, first.next_cursor)
    assert [row["id"] for row in (*first.rows, *rest.rows)] == made[::-1]


def files() -> list[str]:
    folder = config.current().home / "blobs" / "exports"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_files_of_so_many_leads_with_a_manifest(caller: Caller) -> None:
    write(caller, *(lead(f"Number {number}", quality_score=number % 100) for number in range(250)))
    options = Options(max_rows_per_file=100, preset="salesforce", compression="gzip")
    assert exports.estimate_export(caller, {}, "csv", options=options) == {
        "dry_run": True, "row_count": 252, "file_count": 3,
    }  # fmt: skip
    made = exports.create_export(caller, "csv", {}, columns=[{"field": "id", "header": "Id"}], options=options)
    work()
    done = exports.get_export(caller, made["id"])
    assert (done["file_count"], done["sha256"], done["progress"]) == (3, None, {"done": 252, "total": 252})
    manifest = export_downloads.get_manifest(caller, made["id"])
    found: set[str] = set()
    for number, told in enumerate(manifest["files"], 1):
        file = export_downloads.open_export_file(caller, made["id"], number)
        content = b"".join(file.chunks)
        assert (told["bytes"], told["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert (told["name"], file.media_type) == (file.name, "application/gzip")
        table = rows(gzip.decompress(content))
        assert len(table) == told["rows"] <= 100
        assert {"Account Name", "Billing City", "Id"} <= set(table[0])
        found |= {row["Id"] for row in table}
    assert len(found) == manifest["row_count"] == 252
    assert manifest["licenses"] == ["ODbL-1.0"]
    assert manifest["attribution"] == ["© OpenStreetMap contributors"]
    with pytest.raises(errors.NotFound):
        export_downloads.open_export_file(caller, made["id"], 4)


def test_a_manifest_tells_the_version_of_the_contract() -> None:
    assert Promises.read().document["info"]["version"] == export_downloads.API_VERSION


def test_only_what_is_new_since_earlier_exports(caller: Caller) -> None:
    def new_since(export_id: str, wanted: dict[str, Any] | None = None) -> tuple[str, set[str]]:
        options = Options(only_new_since=export_id)
        expected = exports.estimate_export(caller, wanted or {}, options=options)["row_count"]
        made = exports.create_export(caller, "csv", wanted or {}, ["name"], options=options)
        work()
        names = {row["name"] for row in rows(download(caller, exports.get_export(caller, made["id"])))}
        assert len(names) == expected
        return made["id"], names

    first = exported(caller, "ndjson", {"category": {"eq": "cafe"}})["id"]
    second, names = new_since(first)
    assert names == {"'=Bar()"}
    write(caller, lead("New"))
    third, names = new_since(second)
    assert names == {"New"}  # what the first one had is not new again
    Export.update(expires_at="2020-01-01T00:00:00.000Z").execute()
    export_files.delete_expired()
    assert new_since(third)[1] == set()  # although its file is gone
    exports.delete_export(caller, third)
    export_files.delete_expired()
    with pytest.raises(errors.InvalidInput) as refused:
        exports.create_export(caller, "csv", {}, options=Options(only_new_since=third))
    assert refused.value.details[0].pointer == "/only_new_since"


def test_an_earlier_export_of_others_or_unfinished(caller: Caller) -> None:
    other = accounts.create("b@example.com", "pro")
    theirs = exports.create_export(other, "csv", {})["id"]
    work()
    with pytest.raises(errors.InvalidInput):
        exports.create_export(caller, "csv", {}, options=Options(only_new_since=theirs))
    unfinished = exports.create_export(caller, "csv", {})["id"]
    with pytest.raises(errors.Conflict):
        exports.estimate_export(caller, {}, options=Options(only_new_since=unfinished))


def test_what_cannot_be_made_like_this(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MAX_FILES", 1)
    for bad in (Options(preset="hubspto"), Options(max_rows_per_file=1)):
        with pytest.raises(errors.InvalidInput):
            exports.estimate_export(caller, {}, options=bad)
    named = [{"field": "street_lin", "header": "x"}]
    with pytest.raises(errors.InvalidInput) as refused:
        exports.create_export(caller, "csv", {}, columns=named)
    assert refused.value.details[0].pointer == "/columns/0/field"
    assert "'street_line'" in refused.value.details[0].message
    with pytest.raises(errors.InvalidInput):
        exports.create_export(caller, "vcf", {}, options=Options(preset="hubspot"))


def test_cancelled_before_and_after(caller: Caller) -> None:
    made = exports.create_export(caller, "csv", {})["id"]
    assert exports.cancel_export(caller, made) == exports.cancel_export(caller, made)
    work()
    assert exports.get_export(caller, made)["status"] == "cancelled"
    assert files() == []
    done = exported(caller)
    with pytest.raises(errors.Conflict):
        exports.cancel_export(caller, done["id"])
    other = accounts.create("b@example.com")
    for ask in (exports.cancel_export, exports.delete_export, export_downloads.get_manifest):
        with pytest.raises(errors.NotFound):
            ask(other, done["id"])


def test_a_deleted_export_leaves_nothing(caller: Caller) -> None:
    done, queued = exported(caller), exports.create_export(caller, "csv", {})
    link = export_downloads.create_download_link(caller, done["id"], 1, 600)["url"].rpartition("/")[2]
    assert b"".join(export_downloads.open_linked_file(link).chunks)
    for export in (done, queued):
        exports.delete_export(caller, export["id"])
        with pytest.raises(errors.NotFound):
            exports.get_export(caller, export["id"])
    with pytest.raises(errors.NotFound):
        export_downloads.open_linked_file(link)
    assert exports.list_exports(caller, 10).rows == []
    work()
    export_files.delete_expired()
    assert files() == []
    assert not list((config.current().home / "blobs").rglob("*.csv"))
    assert Export.select().count() == 0


def test_a_link_ends(caller: Caller) -> None:
    done = exported(caller)
    link = export_downloads.create_download_link(caller, done["id"], 1, 600)
    ticket = link["url"].rpartition("/")[2]
    clock.set_source(lambda: datetime.now(UTC) + timedelta(seconds=601))
    with pytest.raises(errors.Gone):
        export_downloads.open_linked_file(ticket)
    long = export_downloads.create_download_link(caller, done["id"], 1, 30 * 86_400)
    assert long["expires_at"] <= done["expires_at"]
