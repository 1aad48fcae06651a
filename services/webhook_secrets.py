"""What signs webhooks and the customer's own headers, sealed for their endpoint.

An endpoint has one generation of secrets, and during a rotation the ones before as well: each a shared secret, and for
``ed25519`` a private key beside it.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from core import config, sealing, signing

ED25519 = "ed25519"
Stored = dict[str, Any]


def generate(endpoint_id: str, kind: str) -> tuple[Stored, str, str | None]:
    """Return a new generation as it is stored, its secret, and its public key if ``kind`` is ``ed25519``."""
    secret = signing.new_secret()
    stored = {"sealed": _seal(endpoint_id, secret), "valid_until": None}
    public = None
    if kind == ED25519:
        stored, public = with_key_pair(endpoint_id, stored)
    return stored, secret, public


def with_key_pair(endpoint_id: str, stored: Stored) -> tuple[Stored, str]:
    """Return a generation with a new private key, and the public one."""
    private, public = signing.new_key_pair()
    return stored | {"private_key": _seal(endpoint_id, private)}, public


def without_key_pair(stored: Stored) -> Stored:
    return {name: value for name, value in stored.items() if name != "private_key"}


def valid(stored: list[Stored], now: str) -> list[Stored]:
    """Return the generations that sign at ``now``, newest first."""
    return [one for one in stored if one["valid_until"] is None or one["valid_until"] > now]


def keys(endpoint_id: str, stored: list[Stored], now: str) -> list[str]:
    """Return all that signs at ``now``, shared secrets first; raise ValueError if they cannot be unsealed."""
    signing_now = valid(stored, now)
    sealed = [one[name] for name in ("sealed", "private_key") for one in signing_now if name in one]
    return [sealing.unseal(_key(), one, endpoint_id) for one in sealed]


def seal_headers(endpoint_id: str, headers: Mapping[str, str]) -> str | None:
    return _seal(endpoint_id, orjson.dumps(headers).decode()) if headers else None


def unseal_headers(endpoint_id: str, sealed: str | None) -> dict[str, str]:
    """Return the customer's own headers; raise ValueError if they cannot be unsealed."""
    headers: dict[str, str] = orjson.loads(sealing.unseal(_key(), sealed, endpoint_id)) if sealed else {}
    return headers


def _seal(endpoint_id: str, text: str) -> str:
    return sealing.seal(_key(), text, endpoint_id)


def _key() -> bytes:
    return config.current().secret("webhook-secrets")
