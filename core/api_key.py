"""What an API key looks like, so that a typo or a made-up key is refused without asking the database.

``mt_live_`` or ``mt_test_``, 32 random base62 characters (190 bits), then the CRC-32 of everything before it in
6 base62 characters. The prefix and the checksum let secret scanners find a leaked key and be sure
(https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/).
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 32
_CHECKSUM_LENGTH = 6
_SHAPE = re.compile(rf"mt_(?:live|test)_[0-9A-Za-z]{{{_RANDOM_LENGTH + _CHECKSUM_LENGTH}}}")


def generate(live: bool = True) -> str:
    """Return a fresh key; show it once and keep only its ``digest``."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    body = f"mt_{'live' if live else 'test'}_{random}"
    return body + _checksum(body)


def well_formed(key: str) -> bool:
    """Tell whether ``key`` has the right prefix, alphabet, length and checksum; any one-character typo has not."""
    if not _SHAPE.fullmatch(key):
        return False
    return _checksum(key[:-_CHECKSUM_LENGTH]) == key[-_CHECKSUM_LENGTH:]


def digest(key: str, pepper: bytes) -> str:
    """Return the HMAC-SHA256 of the key in hex: what the database holds, useless without ``pepper``.

    A slow password hash would add nothing to 190 random bits.
    """
    return hmac.digest(pepper, key.encode(), hashlib.sha256).hex()


def last4(key: str) -> str:
    """Return the characters that may be shown to tell one key from another."""
    return key[-4:]


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    characters = []
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, 62)
        characters.append(_ALPHABET[digit])
    return "".join(reversed(characters))
