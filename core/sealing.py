"""Secrets that must be readable again (to sign with) are kept sealed: who steals the database gets no secret.

AES-256-GCM from ``cryptography``, a fresh 96-bit nonce for each seal, and the owner's id as associated data, so
that a sealed text copied to another row does not open there.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


def seal(key: bytes, secret: str, owner: str) -> str:
    """Return ``secret`` sealed with a 32-byte ``key`` for ``owner``, as URL-safe base64."""
    nonce = os.urandom(_NONCE)
    return base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, secret.encode(), owner.encode())).decode()


def unseal(key: bytes, sealed: str, owner: str) -> str:
    """Return what was sealed; raise ValueError if the key or the owner is another, or the text was changed."""
    try:
        raw = base64.urlsafe_b64decode(sealed)
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], owner.encode()).decode()
    except (InvalidTag, ValueError):
        raise ValueError(f"the secret of {owner} was sealed with another MAPTARGETER_SECRET_KEY") from None
