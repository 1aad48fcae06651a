"""Webhook signatures after Standard Webhooks 1.0.0, so that receivers can use any library made for it.

Signed is ``{id}.{timestamp}.{body}``: ``v1`` is HMAC-SHA256 with a shared secret (``whsec_``), ``v1a`` is ed25519 with
a private key (``whsk_``), which whoever has the public one (``whpk_``) can verify but not forge. The timestamp is that
of the attempt, the id stays the same over all attempts.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as random
from collections.abc import Mapping, Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SECRET, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
KEY_BYTES = 32
TOLERANCE = 300  # seconds; the reference libraries use the same

_SECONDS = re.compile(r"[1-9][0-9]{0,11}")


def new_secret() -> str:
    """Return a fresh signing secret, ``whsec_`` and the base64 of 32 random bytes."""
    return SECRET + base64.b64encode(random.token_bytes(KEY_BYTES)).decode()


def new_key_pair() -> tuple[str, str]:
    """Return a fresh ed25519 private key (``whsk_``: seed and public key, 64 bytes) and its public one (``whpk_``)."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    pair = base64.b64encode(private.private_bytes_raw() + public).decode()
    return PRIVATE + pair, PUBLIC + base64.b64encode(public).decode()


def sign(key: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return ``v1,<base64>`` for a secret, ``v1a,<base64>`` for a private key. ``timestamp`` is whole Unix seconds.

    Raises ValueError for a damaged key, and for an id with a dot: it would let parts of the signed text change
    places.
    """
    if "." in message_id:
        raise ValueError(f"message id with a dot: {message_id!r}")
    signed = _signed(message_id, timestamp, body)
    if key.startswith(PRIVATE):
        return f"v1a,{base64.b64encode(_private(key).sign(signed)).decode()}"
    return f"v1,{base64.b64encode(hmac.digest(_secret(key), signed, hashlib.sha256)).decode()}"


def headers(keys: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a delivery, with the signature of each key: several while they are rotated."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(key, message_id, timestamp, body) for key in keys),
    }


def verify(key: str, headers: Mapping[str, str], body: bytes, *, now: int, tolerance: int = TOLERANCE) -> bool:
    """Say whether ``body`` came from who holds the secret ``key`` (or the private key of that public one).

    At most ``tolerance`` seconds from ``now``. Header names may be in any case. Signatures of other versions and
    damaged ones count as absent.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not message_id or "." in message_id or not _SECONDS.fullmatch(timestamp):
        return False
    if abs(now - int(timestamp)) > tolerance:
        return False
    candidates = given.get("webhook-signature", "").split(" ")
    if key.startswith(PUBLIC):
        signed = _signed(message_id, int(timestamp), body)
        return any(_is_signature(key, signed, one) for one in candidates)
    expected = sign(key, message_id, int(timestamp), body).encode()
    return any(hmac.compare_digest(expected, one.encode(errors="replace")) for one in candidates)


def _signed(message_id: str, timestamp: int, body: bytes) -> bytes:
    return b".".join((message_id.encode(), str(timestamp).encode(), body))


def _is_signature(public_key: str, signed: bytes, candidate: str) -> bool:
    version, _, text = candidate.partition(",")
    try:
        signature = base64.b64decode(text, validate=True)
        Ed25519PublicKey.from_public_bytes(_bytes(public_key, PUBLIC, 32, 32)).verify(signature, signed)
    except (InvalidSignature, binascii.Error):
        return False
    return version == "v1a"


def _secret(key: str) -> bytes:
    return _bytes(key, SECRET, 24, 64)


@lru_cache(256)
def _private(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_bytes(key, PRIVATE, 64, 64)[:32])


def _bytes(key: str, prefix: str, least: int, most: int) -> bytes:
    if not key.startswith(prefix):
        raise ValueError(f"such a key starts with {prefix}")
    try:
        raw = base64.b64decode(key.removeprefix(prefix), validate=True)
    except binascii.Error:
        raise ValueError(f"such a key is {prefix} and base64") from None
    if not least <= len(raw) <= most:
        raise ValueError(f"{prefix} holds {least} to {most} bytes")
    return raw
