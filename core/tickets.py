"""Short texts that allow one thing until a certain time, and prove that we wrote them."""

import base64
import binascii
import hashlib
import hmac
import re

_FORM = re.compile(r"([A-Za-z0-9_-]{4,200})\.([A-Za-z0-9_-]{43})", re.ASCII)


def write(key: bytes, subject: str, expires: int) -> str:
    """Return a ticket for ``subject`` that is good before ``expires``, in whole Unix seconds. It may stand in a URL."""
    payload = _encoded(f"{expires}:{subject}".encode())
    return f"{payload}.{_signature(key, payload)}"


def read(key: bytes, ticket: str) -> tuple[str, int] | None:
    """Return the subject and the end of a ticket, over or not; None unless ``write`` made it with this key."""
    form = _FORM.fullmatch(ticket)
    if form is None or not hmac.compare_digest(_signature(key, form[1]), form[2]):
        return None
    try:
        payload = base64.urlsafe_b64decode(form[1] + "=" * (-len(form[1]) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    expires, _, subject = payload.partition(":")
    return subject, int(expires)


def _signature(key: bytes, payload: str) -> str:
    return _encoded(hmac.digest(key, payload.encode(), hashlib.sha256))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
