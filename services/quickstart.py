"""A new installation that shows something: the sample city scanned, a key to ask with, and a way into the dashboard."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import NotFound, Unauthenticated
from services import accounts, api_keys, leads, places, scans, users
from services.accounts import Caller

SAMPLE = Path(__file__).parent.parent / "data" / "helsinki-centre.osm.pbf"
SAMPLE_AREA = {"bbox": [24.93, 60.16, 24.96, 60.185]}
EMAIL = "you@example.com"
KEY_FILE, PASSWORD_FILE = "quickstart.key", "quickstart.password"


@dataclass(frozen=True, slots=True)
class Start:
    """The account to try things with, its key, and the files that hold the key and the password of its owner."""

    caller: Caller
    key: str
    key_file: Path
    password_file: Path


def needs_places() -> bool:
    """Tell whether the catalogue is still empty."""
    return not places.sources()


def prepare(home: Path) -> Start:
    """Make the account, its key and its first scan, unless they are there. The scan still has to be run."""
    caller = _account()
    file = home / KEY_FILE
    key = _kept_key(file) or _new_key(caller, file)
    if not scans.list_scans(caller, 1).rows:
        scans.create_scan(caller, "Central Helsinki", SAMPLE_AREA, [])
    return Start(caller, key, file, _password(home))


def welcome(start: Start, url: str) -> str:
    """Return what a newcomer wants to see: some leads, the key, and where to go."""
    page = leads.list_leads(start.caller, limit=8)
    rows = [_row(lead) for lead in page.rows]
    return "\n".join(
        [
            "",
            *_table([("NAME", "CATEGORY", "ADDRESS", "PHONE", "WEBSITE"), *rows]),
            f"... {page.total.value} leads in all, from map data of {_age()}.",
            "",
            f"API key    {start.key}",
            f"           (kept in {start.key_file})",
            f"Try it     curl -H 'X-API-Key: {start.key}' '{url}/v1/leads?query=cafe&limit=3'",
            f"Console    {url}/v1/docs/",
            f"Dashboard  {url}/dashboard/",
            f"           (log in as {EMAIL} with the password in {start.password_file})",
        ]
    )


def _account() -> Caller:
    try:
        return accounts.by_email(EMAIL)
    except NotFound:
        return accounts.create(EMAIL, "pro")


def _kept_key(file: Path) -> str | None:
    """Return the key of an earlier start, unless it was revoked since."""
    try:
        key = file.read_text(encoding="utf-8").strip()
        api_keys.authenticate(key)
    except (FileNotFoundError, Unauthenticated):
        return None
    return key


def _new_key(caller: Caller, file: Path) -> str:
    _, key = api_keys.create(caller, "quickstart", api_keys.SCOPES)
    file.touch(mode=0o600)
    file.write_text(key + "\n", encoding="utf-8")
    return key


def _password(home: Path) -> Path:
    """Return the file with the password that the owner of the account got at the first start."""
    file = home / PASSWORD_FILE
    if not file.exists():
        password = secrets.token_urlsafe(12)
        users.set_owner_password(EMAIL, password)
        file.touch(mode=0o600)
        file.write_text(password + "\n", encoding="utf-8")
    return file


def _age() -> str:
    return "; ".join(f"{source.release[:10]} ({source.attribution})" for source in places.sources())


def _row(lead: dict[str, Any]) -> tuple[str, ...]:
    address = lead["address"]
    phone = next((phone["e164"] or phone["raw"] for phone in lead["phones"]), "")
    street = " ".join(part for part in (address["street"], address["house_number"]) if part)
    return lead["name"], lead["category"], street, phone, next(iter(lead["websites"]), "")


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [min(34, max(len(cell) for cell in column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell[:width].ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [line.rstrip() for line in lines]
