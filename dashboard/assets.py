"""Styles and scripts: our own few, and those that well-kept Python packages carry. Nothing comes from anywhere else.

They are read once. Their address has a name made of their content, so a browser may keep them for ever.
"""

import gzip
import hashlib
import importlib.resources
import mimetypes
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import flask

from dashboard.frame import ANYONE, open_to, pages

OWN = Path(__file__).parent / "assets"
SAMPLE_MAP = Path(__file__).parent.parent / "data" / "helsinki-centre.map.json"
_PACKAGES = {
    "htmx.js": ("js_lib_htmx", "static/htmx/htmx.min.js"),
    "leaflet/leaflet.js": ("js_lib_leaflet", "static/js_lib_leaflet/leaflet.js"),
    "leaflet/leaflet.css": ("js_lib_leaflet", "static/js_lib_leaflet/leaflet.css"),
}
_TEXT = ("text/css", "text/javascript", "application/json", "image/svg+xml")
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, and the same packed where that pays."""

    body: bytes
    media_type: str
    packed: bytes | None = field(init=False)

    def __post_init__(self) -> None:
        packed = gzip.compress(self.body, mtime=0) if self.media_type in _TEXT else None
        object.__setattr__(self, "packed", packed)


@cache
def assets() -> dict[str, Asset]:
    """Return every file by its name."""
    paths = {name: _in_package(*where) for name, where in _PACKAGES.items()}
    paths |= {path.name: path for path in (*sorted(OWN.iterdir()), SAMPLE_MAP)}
    return {name: Asset(path.read_bytes(), mimetypes.guess_type(name)[0] or "") for name, path in paths.items()}


@cache
def version() -> str:
    """Return what changes when any file does."""
    return hashlib.sha256(b"".join(asset.body for asset in assets().values())).hexdigest()[:12]


@pages.get("/assets/<kept>/<path:name>")
@open_to(ANYONE)
def asset(kept: str, name: str) -> flask.Response:
    """Answer with a file; one asked for by another version's address is not kept."""
    found = assets().get(name) or flask.abort(404)
    packed = found.packed if flask.request.accept_encodings.quality("gzip") else None
    made = flask.Response(packed or found.body, content_type=found.media_type)
    made.headers["Cache-Control"] = _FOR_EVER if kept == version() else "no-cache"
    if found.packed:
        made.headers["Vary"] = "Accept-Encoding"
    if packed:
        made.headers["Content-Encoding"] = "gzip"
    return made


@pages.app_context_processor
def for_templates() -> dict[str, object]:
    """Let templates name a file."""
    return {"asset": lambda name: flask.url_for("dashboard.asset", kept=version(), name=name)}


def _in_package(package: str, path: str) -> Path:
    return Path(str(importlib.resources.files(package))) / path
