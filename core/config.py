"""Every setting, read from the environment in one place. ``config.env.example`` explains each."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

Network = IPv4Network | IPv6Network
KEY_FILE = "secret.key"
LOOPBACK = "127.0.0.0/8,::1/128"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decided. ``home`` holds everything embedded; URLs default into it."""

    home: Path
    database_url: str
    limits_url: str
    blobs_url: str
    public_url: str
    secret_key: bytes = field(repr=False)
    outbound_allow: tuple[Network, ...] = ()
    signup_open: bool = True
    tile_url: str = ""
    tile_attribution: str = ""
    trusted_proxies: tuple[Network, ...] = ()
    metrics_allow: tuple[Network, ...] = ()
    metrics_token: str = field(default="", repr=False)
    crawler_contact: str = ""
    crawler_timeout_s: float = 20.0
    crawler_local: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; raise ValueError naming the variable that cannot be read."""
        home = Path(environ.get("MAPTARGETER_HOME") or "var").resolve()
        home.mkdir(parents=True, exist_ok=True)
        public_url = (environ.get("MAPTARGETER_PUBLIC_URL") or "http://127.0.0.1:8080").rstrip("/")
        return cls(
            home=home,
            database_url=environ.get("MAPTARGETER_DATABASE_URL") or f"sqlite:///{home / 'maptargeter.db'}",
            limits_url=environ.get("MAPTARGETER_LIMITS_URL") or f"sqlite:///{home / 'limits.db'}",
            blobs_url=environ.get("MAPTARGETER_BLOBS_URL") or f"file://{home / 'blobs'}",
            public_url=public_url,
            secret_key=_secret_key(environ.get("MAPTARGETER_SECRET_KEY", ""), home),
            outbound_allow=_networks(environ, "MAPTARGETER_OUTBOUND_ALLOW", ""),
            signup_open=_open(environ.get("MAPTARGETER_SIGNUP", "")),
            tile_url=_tiles(environ.get("MAPTARGETER_TILE_URL", "")),
            tile_attribution=environ.get("MAPTARGETER_TILE_ATTRIBUTION", ""),
            trusted_proxies=_networks(environ, "MAPTARGETER_TRUSTED_PROXIES", ""),
            metrics_allow=_networks(environ, "MAPTARGETER_METRICS_ALLOW", LOOPBACK),
            metrics_token=environ.get("MAPTARGETER_METRICS_TOKEN", ""),
            crawler_contact=_contact(environ.get("MAPTARGETER_CRAWLER_CONTACT") or public_url),
            crawler_timeout_s=_seconds(environ.get("MAPTARGETER_CRAWLER_TIMEOUT_S") or "20"),
            crawler_local=_local(environ.get("MAPTARGETER_CRAWLER", "")),
        )

    def secret(self, purpose: str) -> bytes:
        """Derive the 32-byte key for one purpose, so that no key serves two."""
        return hmac.digest(self.secret_key, purpose.encode(), hashlib.sha256)


_current: Settings | None = None


def configure(settings: Settings) -> None:
    """Make ``settings`` the ones of this process."""
    global _current
    _current = settings


def current() -> Settings:
    """Return the settings of this process; raise RuntimeError before ``configure``."""
    if _current is None:
        raise RuntimeError("core.config.configure() was not called")
    return _current


def _networks(environ: Mapping[str, str], name: str, default: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in environ.get(name, default).split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _open(text: str) -> bool:
    if text not in ("", "open", "closed"):
        raise ValueError(f"MAPTARGETER_SIGNUP: use open or closed, not {text!r}")
    return text != "closed"


def _tiles(text: str) -> str:
    if text and not (text.startswith(("https://", "http://")) and all(part in text for part in ("{z}", "{x}", "{y}"))):
        raise ValueError("MAPTARGETER_TILE_URL: use an http(s) URL with {z}, {x} and {y}")
    return text


def _contact(text: str) -> str:
    if not text.isascii() or not text.isprintable() or any(sign in text for sign in " ()"):
        raise ValueError("MAPTARGETER_CRAWLER_CONTACT: use a URL or an email address")
    return text


def _local(text: str) -> bool:
    if text not in ("", "web", "local"):
        raise ValueError(f"MAPTARGETER_CRAWLER: use web or local, not {text!r}")
    return text == "local"


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", text) or not float(text):
        raise ValueError("MAPTARGETER_CRAWLER_TIMEOUT_S: use a number of seconds, such as 20")
    return float(text)


def _secret_key(given: str, home: Path) -> bytes:
    if given:
        if len(given) < 32:
            raise ValueError("MAPTARGETER_SECRET_KEY: use at least 32 characters")
        return given.encode()
    return _kept_secret(home / KEY_FILE)


def _kept_secret(path: Path) -> bytes:
    """Read the key made at first start; several processes may start at once, one file wins."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_hex(32).encode())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
