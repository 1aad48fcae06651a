"""The contract, the console, the page of errors, the start page and health: complete, and from nowhere else."""

import re
from html.parser import HTMLParser

import httpx
import orjson
import pytest
import yaml

from handlers.contract import SPEC
from handlers.error_texts import TEXTS
from models import base

PAGES = ["/v1/docs/", "/v1/docs/errors", "/dashboard/"]
FILES = ["/v1/openapi.yaml", "/v1/openapi.json", "/v1/docs/swagger-ui-bundle.js", "/v1/docs/errors"]


class Links(HTMLParser):
    """Everything a page loads or leads to, and its anchors."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.led_to: list[str] = []
        self.anchors: set[str] = set()
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        (self.led_to if tag == "a" else self.loaded).extend(given[name] for name in ("href", "src") if name in given)
        self.anchors |= {given["id"]} if "id" in given else set()
        if tag == "style" or (tag == "script" and "src" not in given) or "style" in given:
            self.inline.append(tag)


def test_the_contract_is_served_as_written(anonymous: httpx.Client) -> None:
    written = anonymous.get("/v1/openapi.yaml")
    assert written.content == SPEC.read_bytes()
    assert written.headers["content-type"] == "application/yaml"
    document = anonymous.get("/v1/openapi.json")
    assert document.headers["content-type"] == "application/json"
    assert "$ref" in document.text
    assert orjson.loads(document.content)["info"] == yaml.safe_load(written.content)["info"]


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("encoding", ["identity", "gzip", "br, gzip;q=0.5", "gzip;q=0"])
def test_what_is_known_is_not_sent_again(anonymous: httpx.Client, path: str, encoding: str) -> None:
    accept = {"Accept-Encoding": encoding}
    first = anonymous.get(path, headers=accept)
    etag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}(-gzip)?"', etag)
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = anonymous.get(path, headers=accept | {"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert anonymous.get(path, headers=accept | {"If-None-Match": '"other"'}).status_code == 200
    assert anonymous.head(path, headers=accept).headers["content-length"] == first.headers["content-length"]
    refused = anonymous.post(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", FILES)
def test_files_are_packed_for_who_takes_that(anonymous: httpx.Client, path: str) -> None:
    plain, packed = (anonymous.get(path, headers={"Accept-Encoding": one}) for one in ("identity", "gzip"))
    assert "content-encoding" not in plain.headers
    assert (packed.headers["content-encoding"], packed.content) == ("gzip", plain.content)
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert plain.headers["etag"] != packed.headers["etag"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_only_what_is_here(anonymous: httpx.Client, path: str) -> None:
    page = anonymous.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    links = Links(page.text)
    assert not links.inline
    assert links.loaded
    for target in links.loaded:
        assert anonymous.get(httpx.URL(path).join(target)).status_code == 200, target
    for target in links.led_to:
        assert target.startswith("#") or anonymous.get(httpx.URL(path).join(target)).status_code == 200, target


def test_the_console_is_swagger_ui_5_on_our_contract(anonymous: httpx.Client) -> None:
    script = anonymous.get("/v1/docs/console.js").text
    assert "../openapi.json" in script
    assert "persistAuthorization: true" in script
    assert "tryItOutEnabled: true" in script
    bundle = anonymous.get("/v1/docs/swagger-ui-bundle.js").text
    assert re.search(r"swagger-ui/5\.|\"5\.\d+\.\d+\"|5\.\d+\.\d+", bundle[:2_000_000])
    assert anonymous.get("/v1/docs", follow_redirects=True).url.path == "/v1/docs/"


def test_every_code_has_its_section(anonymous: httpx.Client) -> None:
    page = anonymous.get("/v1/docs/errors").text
    assert set(TEXTS) <= Links(page).anchors
    for text in TEXTS.values():
        assert text.remedy.split(".")[0][:30] in page


def test_the_start_page(anonymous: httpx.Client) -> None:
    assert anonymous.get("/", follow_redirects=True).url.path == "/dashboard/"
    assert str(anonymous.base_url).rstrip("/") in anonymous.get("/dashboard/").text


def test_health(anonymous: httpx.Client) -> None:
    assert anonymous.get("/healthz").json() == {"status": "ok"}
    assert anonymous.get("/readyz").json() == {"status": "ok", "checks": {"database": "ok", "limits": "ok"}}


def test_not_ready_without_a_database(server: str) -> None:
    base.connect("postgresql://nobody@127.0.0.1:1/none")
    answer = httpx.get(f"{server}/readyz")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["checks"]["database"].startswith("The database does not answer")
    assert httpx.get(f"{server}/healthz").status_code == 200
    error = httpx.get(f"{server}/v1/ping").json()["error"]
    assert (error["code"], error["retry_after"]) == ("unavailable", 5)
