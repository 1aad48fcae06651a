"""What customers do with the files of an export: fetch them whole, in ranges and by link, and get rid of them."""

import csv
import hashlib
import io
import random
from typing import Any

import httpx
import pytest

from tests.platform import Client, Platform


@pytest.fixture(scope="module")
def alice(platform: Platform) -> Client:
    client = platform.account("exports@example.com")
    client.scanned(categories=("food_and_drink", "shop"))
    return client


def exported(client: Client, **body: Any) -> dict[str, Any]:
    made = client.post("/exports", json={"format": "csv", **body}).raise_for_status().json()
    return client.finished(f"/exports/{made['id']}")


def test_ranges_put_together_are_the_file(platform: Platform, alice: Client) -> None:
    export = exported(alice, compression="gzip", format="ndjson")
    url = export["download_url"]
    whole = alice.get(url)
    assert whole.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in whole.headers
    assert whole.headers["content-disposition"].endswith(f'{export["id"]}.ndjson.gz"')
    assert hashlib.sha256(whole.content).hexdigest() == export["sha256"] == whole.headers["etag"].strip('"')
    size, chance, got = len(whole.content), random.Random(4), b""
    while len(got) < size:  # as a client whose connection breaks again and again
        more = min(chance.randint(1, size), size - len(got))
        span = {"Range": f"bytes={len(got)}-{len(got) + more - 1}", "If-Range": whole.headers["etag"]}
        part = alice.get(url, headers=span)
        assert (part.status_code, part.headers["content-length"]) == (206, str(more))
        got += part.content
    assert got == whole.content
    assert alice.get(url, headers={"Range": "bytes=-5"}).content == got[-5:]
    for ignored in ({"Range": "bytes=0-1,3-4"}, {"Range": "lines=1-2"}, {"Range": "bytes=0-1", "If-Range": '"x"'}):
        assert alice.get(url, headers=ignored).status_code == 200
    beyond = alice.get(url, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    assert beyond.json()["error"]["code"] == "range_not_satisfiable"
    assert alice.get(url, headers={"If-None-Match": f'"a", W/{whole.headers["etag"]}'}).status_code == 304
    head = alice.head(url)
    assert (head.headers["content-length"], head.headers["etag"]) == (str(size), whole.headers["etag"])


def test_a_link_needs_no_key_and_is_good_for_one_file(platform: Platform, alice: Client) -> None:
    export = exported(alice, max_rows_per_file=200)
    manifest = alice.get(export["manifest_url"]).raise_for_status().json()
    assert len(manifest["files"]) == export["file_count"] > 1
    assert [file["rows"] for file in manifest["files"][:-1]] == [200] * (export["file_count"] - 1)
    links = f"/exports/{export['id']}/download-links"
    with platform.client("") as anonymous:
        del anonymous.headers["X-API-Key"]
        for file in manifest["files"]:
            made = alice.post(links, json={"file": file["file"], "expires_in_s": 60}).raise_for_status()
            link = made.json()["url"]
            assert made.headers["location"] == httpx.URL(link).path
            got = anonymous.get(link).raise_for_status()
            assert hashlib.sha256(got.content).hexdigest() == file["sha256"]
            assert len(list(csv.reader(io.StringIO(got.text)))) == file["rows"] + 1
        assert anonymous.head(link).headers["etag"] == got.headers["etag"]
        assert anonymous.get(link, headers={"Range": "bytes=0-4"}).content == got.content[:5]
        assert anonymous.get(link, headers={"Range": "bytes=99999999-"}).status_code == 416
        assert anonymous.get(link, headers={"If-None-Match": got.headers["etag"]}).status_code == 304
        for place in (0, -3):  # of what is signed, of the signature
            assert anonymous.get(forged(link, place)).status_code == 404
        assert anonymous.get(f"/exports/{export['id']}/download").status_code == 401
        assert alice.post(links, json={"file": export["file_count"] + 1}).status_code == 404
        assert alice.delete(f"/exports/{export['id']}").status_code == 204
        assert anonymous.get(link).status_code == 404
    assert alice.get(f"/exports/{export['id']}").status_code == 404
    assert export["id"] not in alice.get("/exports").text
    assert link.rpartition("/")[2] not in platform.log.read_text()


def forged(link: str, place: int) -> str:
    """Change one character of the ticket."""
    start, _, ticket = link.rpartition("/")
    characters = list(ticket)
    characters[place] = "A" if ticket[place] != "A" else "B"
    return f"{start}/{''.join(characters)}"


def test_an_export_can_be_cancelled(platform: Platform, alice: Client) -> None:
    made = [alice.post("/exports", json={"format": "xlsx"}).json()["id"] for _ in range(8)]
    cancelled = alice.post(f"/exports/{made[-1]}/cancel").raise_for_status().json()
    assert (cancelled["status"], cancelled["download_url"]) == ("cancelled", None)
    assert alice.post(f"/exports/{made[-1]}/cancel").json() == cancelled
    assert alice.finished(f"/exports/{made[0]}")["status"] == "completed"
    assert alice.get(f"/exports/{made[-1]}/download").status_code == 409
    assert alice.post(f"/exports/{made[0]}/cancel").status_code == 409
