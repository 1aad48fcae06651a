"""The contract and its pages, as files that are ready to send; nothing comes from elsewhere.

connexion would serve the document with every reference expanded: generators lose the names of models, it takes 39 ms a
request, and a recursive schema is a 500. Here it is served as it was written.
"""

import gzip
import hashlib
import html
import importlib.resources
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from core import openapi
from handlers import exchange
from handlers.contract import SPEC, Document
from handlers.error_texts import TEXTS
from handlers.errors import MethodNotAllowed

BASE = "/v1"
STATIC = Path(__file__).parent / "static"
HTML, CSS, JAVASCRIPT = "text/html; charset=utf-8", "text/css; charset=utf-8", "text/javascript; charset=utf-8"
_CONSOLE_FILES = {"swagger-ui.css": CSS, "swagger-ui-bundle.js": JAVASCRIPT, "favicon-32x32.png": "image/png"}
_OWN_ONLY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Swagger UI sets styles from its script, and draws its icons from data: URLs
_CONSOLE = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Page:
    """One file, and the same packed. Clients may keep it, but ask each time whether it is still the same."""

    body: bytes
    media_type: str
    policy: str = _OWN_ONLY
    status: int = 200
    more: tuple[tuple[bytes, bytes], ...] = ()
    packed: bytes = field(init=False)
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "packed", gzip.compress(self.body, mtime=0))
        object.__setattr__(self, "digest", hashlib.sha256(self.body).hexdigest()[:32])

    def etag(self, *, packed: bool) -> str:
        """Return what names these very bytes: packed ones are others."""
        return f'"{self.digest}-gzip"' if packed else f'"{self.digest}"'

    def headers(self, *, packed: bool) -> list[tuple[bytes, bytes]]:
        return [
            (b"content-type", self.media_type.encode()),
            (b"etag", self.etag(packed=packed).encode()),
            (b"vary", b"accept-encoding"),
            (b"cache-control", b"no-cache"),
            (b"content-security-policy", self.policy.encode()),
            (b"referrer-policy", b"no-referrer"),
            *self.more,
        ]


class Pages:
    """Answers for a fixed set of paths; everything else goes on."""

    def __init__(self, app: ASGIApp, *, pages: dict[str, Page]) -> None:
        self.app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self._pages.get(scope["path"]) if scope["type"] == "http" else None
        if page is None:
            await self.app(scope, receive, send)
            return
        if scope["method"] != "GET":
            raise MethodNotAllowed("This address takes GET, HEAD.", headers={"Allow": "GET, HEAD"})
        packed = _takes_gzip(exchange.header_values(scope, b"accept-encoding"))
        known = _holds(exchange.header_values(scope, b"if-none-match"), page.etag(packed=packed))
        status, body = (304, b"") if known else (page.status, page.packed if packed else page.body)
        about = [] if known else _about(body, packed)
        await send({"type": "http.response.start", "status": status, "headers": [*page.headers(packed=packed), *about]})
        await send({"type": "http.response.body", "body": body})


def all_pages(document: Document) -> dict[str, Page]:
    """Return every page below the API's base path, by path."""
    assets = _swagger_ui()
    pages = {
        f"docs/{name}": Page((assets / name).read_bytes(), media, _CONSOLE) for name, media in _CONSOLE_FILES.items()
    }
    pages |= {
        "openapi.yaml": Page(SPEC.read_bytes(), "application/yaml"),
        "openapi.json": Page(orjson.dumps(document), "application/json"),
        "openapi-3.1.json": Page(orjson.dumps(openapi.to_31(document)), "application/json"),
        "docs/": Page((STATIC / "console.html").read_bytes(), HTML, _CONSOLE),
        "docs/console.js": Page((STATIC / "console.js").read_bytes(), JAVASCRIPT, _CONSOLE),
        "docs/pages.css": Page((STATIC / "pages.css").read_bytes(), CSS),
        "docs/errors": Page(errors_page().encode(), HTML),
        "docs": Page(b"", HTML, status=308, more=((b"location", f"{BASE}/docs/".encode()),)),
    }
    return {f"{BASE}/{name}": page for name, page in pages.items()}


def errors_page() -> str:
    """Return the page that ``doc_url`` leads to: a section for each code, its anchor the code."""
    contents = "".join(f'<li><a href="#{code}">{code}</a></li>' for code in TEXTS)
    sections = "".join(
        f'<section id="{code}"><h2><a href="#{code}">{code}</a> <small>{text.status}</small></h2>'
        f"<p>{html.escape(text.meaning)}</p><p><strong>What to do:</strong> {html.escape(text.remedy)}</p></section>"
        for code, text in TEXTS.items()
    )
    frame = (STATIC / "errors.html").read_text(encoding="utf-8")
    return frame.replace("<!-- contents -->", contents).replace("<!-- sections -->", sections)


def _swagger_ui() -> Path:
    """Return the folder of Swagger UI 5; the older package of the same import name may have left its own beside it."""
    folders = Path(str(importlib.resources.files("swagger_ui_bundle"))).glob("vendor/swagger-ui-5*")
    return max(folders, key=lambda folder: [int(part) for part in folder.name.rsplit("-", 1)[1].split(".")])


def _about(body: bytes, packed: bool) -> list[tuple[bytes, bytes]]:
    length = (b"content-length", str(len(body)).encode())
    return [length, (b"content-encoding", b"gzip")] if packed else [length]


def _takes_gzip(sent: list[str]) -> bool:
    return parse_accept_header(", ".join(sent), Accept).quality("gzip") > 0


def _holds(sent: list[str], etag: str) -> bool:
    known = [part.strip().removeprefix("W/") for value in sent for part in value.split(",")]
    return "*" in known or etag in known
