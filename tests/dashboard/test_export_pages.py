"""Exports chosen, written and taken along: columns in order under headers of one's own, options, parts, deletion."""

import csv
import gzip
import html
import io
import re
from typing import Any

import pytest

from dashboard import columns
from services import exports
from services.accounts import Caller
from services.export_layout import PRESETS
from tests import leads as made
from tests.dashboard.conftest import Visit
from tests.dashboard.test_account import member, token
from tests.dashboard.test_scans import EVIL, EXPORTS, NEW_EXPORT, once, work
from tests.dashboard.visitor import Visitor, text_of

ARRANGE = f"{EXPORTS}/arrange"


def sent(page: str) -> dict[str, Any]:
    """Return what a browser would send of the columns on a page, in their order, and its hidden fields."""
    rows = re.findall(r'name="columns" value="([^"]+)"( checked)?', page)
    headers = re.findall(r'name="(header [^"]+)" value="([^"]*)"', page)
    form: dict[str, Any] = {"columns": [key for key, chosen in rows if chosen]}
    return form | {name: html.unescape(header) for name, header in headers} | once(page) | {"format": "csv"}


def written(browser: Visitor, form: dict[str, Any]) -> str:
    """Send the form and let the export be written; return its path."""
    answer = browser.post(EXPORTS, data=form)
    assert answer.status_code == 303, text_of(answer)
    work()
    return str(answer.headers["location"])


def table(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=delimiter))


@pytest.fixture
def shops(account: Caller) -> Caller:
    phones = [made.phone("+3589652776")]
    made.write(account, made.lead("Café Engel", phones=phones), made.lead("=Bar", category="bar"))
    return account


def test_an_export_has_the_columns_that_were_chosen(alice: Visitor, shops: Caller) -> None:
    assert shops
    page = alice.get(f"{NEW_EXPORT}?category=bar&sort=name")
    assert "Export 1 lead" in text_of(page)
    form = sent(page.text) | {"category": "bar", "columns": ["name", "id", "street_line"], "header name": " Company "}
    first, again = alice.post(EXPORTS, data=form), alice.post(EXPORTS, data=form)
    assert first.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    path = first.headers["location"]
    assert 'hx-trigger="every 1s"' in alice.get(path).text
    assert alice.get(f"{path}/download").status_code == 409
    work()
    page = alice.get(path)
    assert "Category is one of Bar" in text_of(page)
    assert "Company, id, street_line" in text_of(page)
    assert "every 1s" not in page.text
    file = alice.get(f"{path}/download")
    assert file.headers["content-disposition"].startswith("attachment; filename=")
    rows = table(file.content)
    assert rows[0] == ["Company", "id", "street_line"]
    assert [(row[0], row[2]) for row in rows[1:]] == [("'=Bar", "Aleksanterinkatu 26")]
    assert int(file.headers["content-length"]) == len(file.content)
    assert alice.get(f"{path}/manifest").json()["row_count"] == 1
    assert "Category is one of Bar" in text_of(alice.get(EXPORTS))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_where_the_choice_begins(alice: Visitor, shops: Caller, preset: str) -> None:
    assert shops
    [link] = re.findall(rf'href="({NEW_EXPORT}\?[^"]*start={preset})"', alice.get(f"{NEW_EXPORT}?category=cafe").text)
    page = alice.get(html.unescape(link))
    assert "Export 1 lead" in text_of(page)
    path = written(alice, sent(page.text))
    assert table(alice.get(f"{path}/download").content)[0] == [header for _, header in PRESETS[preset]]


def test_columns_are_moved_without_a_script(alice: Visitor, shops: Caller) -> None:
    assert shops
    form = sent(alice.get(f"{NEW_EXPORT}?category=cafe").text) | {"category": "cafe", "header phones": EVIL}
    assert form["columns"][:3] == ["id", "name", "category"]
    for move, expected in (("name up", ["name", "id", "category"]), ("name down", ["id", "name", "category"])):
        page = alice.post(ARRANGE, data=form | {"move": move})
        assert page.status_code == 200
        form = sent(page.text) | {"category": "cafe"}
        assert form["columns"][:3] == expected
        assert form["header phones"] == EVIL
        assert EVIL not in page.text
        assert "Export 1 lead" in text_of(page)
    assert columns.moved([], "name up") == []


def test_the_dialect_and_the_rest_is_as_chosen(alice: Visitor, shops: Caller) -> None:
    assert shops
    dialect = {"delimiter": "semicolon", "decimal_separator": "comma", "bom": "no", "guard_formulas": "no"}
    form = sent(alice.get(NEW_EXPORT).text) | dialect | {"columns": ["name", "lat"], "compression": "gzip"}
    first = written(alice, form)
    content = gzip.decompress(alice.get(f"{first}/download").content)
    assert not content.startswith(b"\xef\xbb\xbf")
    assert sorted(table(content, ";")[1:]) == [["=Bar", "60,1695"], ["Café Engel", "60,1695"]]
    made.write(shops, made.lead("Kiosk"))
    page = alice.get(NEW_EXPORT)
    since = first.rpartition("/")[2]
    assert f'value="{since}"' in page.text
    second = written(alice, sent(page.text) | {"columns": ["name"], "only_new_since": since})
    assert table(alice.get(f"{second}/download").content) == [["name"], ["Kiosk"]]
    assert f'href="{first}"' in alice.get(second).text
    for file_format, start in (("json", b"{"), ("vcf", b"BEGIN:VCARD")):
        form = sent(alice.get(NEW_EXPORT).text) | {"format": file_format, "shape": "whole", "vcard_version": "3.0"}
        assert alice.get(f"{written(alice, form)}/download").content.startswith(start)


def test_parts_are_taken_one_by_one(alice: Visitor, account: Caller) -> None:
    made.write(account, *[made.lead(f"Shop {number}") for number in range(250)])
    path = written(alice, sent(alice.get(NEW_EXPORT).text) | {"max_rows_per_file": "100", "columns": ["name"]})
    page = alice.get(path)
    links = [html.unescape(link) for link in re.findall(rf'href="({path}/download\?file=\d)"', page.text)]
    assert len(links) == 3
    assert "50 rows" in text_of(page)
    names = [row[0] for link in links for row in table(alice.get(link).content)[1:]]
    assert sorted(names) == sorted(f"Shop {number}" for number in range(250))
    assert alice.get(f"{path}/download?file=4").status_code == 404
    assert "3 files" in text_of(alice.get(EXPORTS))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"columns": []}, "columns"),
        ({"columns": ["nmae"]}, "columns.0.field"),
        ({"format": "doc"}, "format"),
        ({"max_rows_per_file": "many"}, "max_rows_per_file"),
        ({"header name": "x\x01"}, "header"),
        ({"only_new_since": "exp_" + "0" * 26}, "no export with this id"),
        ({"delimiter": "dash"}, "delimiter"),
    ],
)
def test_what_cannot_be_exported_is_explained(alice: Visitor, shops: Caller, fields: dict[str, Any], says: str) -> None:
    answer = alice.post(EXPORTS, data=sent(alice.get(NEW_EXPORT).text) | {"columns": ["name"]} | fields)
    assert answer.status_code == 400
    assert says in text_of(answer)
    assert exports.list_exports(shops, 10).rows == []


def test_too_much_for_the_plan_is_said_before(alice: Visitor, account: Caller) -> None:
    made.write(account, *[made.lead(f"Shop {number}") for number in range(1001)])
    page = alice.get(NEW_EXPORT)
    assert page.status_code == 403
    assert "Your free plan allows 1,000 rows an export" in text_of(page)
    refused = alice.post(EXPORTS, data=sent(page.text) | {"query": "shop"})
    assert refused.status_code == 403
    assert 'name="query" value="shop"' in refused.text
    assert exports.list_exports(account, 10).rows == []


def test_an_export_is_cancelled_and_deleted(alice: Visitor, shops: Caller) -> None:
    path = f"{EXPORTS}/{exports.create_export(shops, 'csv', {})['id']}"
    assert alice.submit(path, f"{path}/cancel").status_code == 303
    assert "cancelled" in text_of(alice.get(path))
    assert f"{path}/cancel" not in alice.get(path).text
    done = f"{EXPORTS}/{exports.create_export(shops, 'csv', {})['id']}"
    work()
    csrf = {"csrf_token": token(alice)}
    late = alice.post(f"{done}/cancel", data=csrf)
    assert "has completed already" in text_of(alice.get(late.headers["location"]))
    assert alice.submit(done, f"{done}/delete").status_code == 303
    assert alice.get(done).status_code == alice.get(f"{done}/download").status_code == 404
    assert "No exports yet" not in text_of(alice.get(EXPORTS))


def test_viewers_take_along_and_others_see_nothing(visit: Visit, alice: Visitor, shops: Caller) -> None:
    assert alice
    path = f"{EXPORTS}/{exports.create_export(shops, 'csv', {})['id']}"
    work()
    viewer, mallory = member(visit, alice, "viewer"), visit().signed_up("mallory@example.com")
    for page in (path, f"{path}/download", f"{path}/manifest"):
        assert viewer.get(page).status_code == 200
        assert mallory.get(page).status_code == 404
    assert "<form" not in viewer.get(path).text.partition("<main")[2]
    for page in (ARRANGE, f"{path}/cancel", f"{path}/delete"):
        assert viewer.post(page, data={"csrf_token": token(viewer)}).status_code == 403
        assert alice.post(page).status_code == 400  # no token
    for page in (f"{path}/cancel", f"{path}/delete"):
        assert mallory.post(page, data={"csrf_token": token(mallory)}).status_code == 404
    since = sent(mallory.get(NEW_EXPORT).text) | {"only_new_since": path.rpartition("/")[2]}
    assert mallory.post(EXPORTS, data=since).status_code == 400
    assert alice.get(f"{path}/download").status_code == 200
