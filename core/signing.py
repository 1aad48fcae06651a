"""Webhook signatures after Standard Webhooks 1.0.0, so that receivers can use any library made for it.

Signed is ``{id}.{timestamp}.{body}`` with HMAC-SHA256. The timestamp is that of the attempt, the id stays
the same over all attempts. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as random
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
VERSION = "v1"
KEY_BYTES = 32
TOLERANCE = 300  # seconds; the reference libraries use the same

_SECONDS = re.compile(r"[1-9][0-9]{0,11}")


def new_secret() -> str:
    """Return a fresh signing secret, ``whsec_`` and the base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(random.token_bytes(KEY_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return ``v1,<base64>`` for one secret. ``timestamp`` is in whole Unix seconds.

    Raises ValueError for a damaged secret, and for an id with a dot: it would let parts of the
    signed text change places.
    """
    if "." in message_id:
        raise ValueError(f"message id with a dot: {message_id!r}")
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return f"{VERSION},{base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()}"


def headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a delivery; while a secret is rotated, the signature of each secret."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in secrets),
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: int, tolerance: int = TOLERANCE) -> bool:
    """Say whether ``body`` came from who holds ``secret``, at most ``tolerance`` seconds from ``now``.

    Header names may be in any case. Signatures of other versions and damaged ones count as absent.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not message_id or "." in message_id or not _SECONDS.fullmatch(timestamp):
        return False
    if abs(now - int(timestamp)) > tolerance:
        return False
    expected = sign(secret, message_id, int(timestamp), body).encode()
    candidates = given.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(expected, one.encode(errors="replace")) for one in candidates)


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        raise ValueError("a signing secret starts with whsec_")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a signing secret is whsec_ and base64") from None
    if not 24 <= len(key) <= 64:
        raise ValueError("a signing secret holds 24 to 64 bytes")
    return key
