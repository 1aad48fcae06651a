"""The published vectors: what we sign, what we accept, and what the official library says of them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import standardwebhooks
import standardwebhooks.webhooks

from core import signing
from tests.platform import ROOT

VECTORS: dict[str, Any] = json.loads((ROOT / "docs" / "webhook-vectors.json").read_text(encoding="utf-8"))
EACH = pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])


def headers_of(vector: dict[str, Any]) -> dict[str, str]:
    return {
        "webhook-id": vector["id"],
        "webhook-timestamp": str(vector["timestamp"]),
        "webhook-signature": vector["signature"],
    }


@EACH
def test_we_say_the_same(vector: dict[str, Any]) -> None:
    body, now = vector["body"].encode(), vector["timestamp"]
    for name, key in (("v1", VECTORS["secret"]), ("v1a", VECTORS["public_key"])):
        assert signing.verify(key, headers_of(vector), body, now=now) == vector[name]
        assert not signing.verify(key, headers_of(vector), body, now=now + 301)


@EACH
def test_the_official_library_says_the_same(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Then":
            return cls.fromtimestamp(vector["timestamp"], tz)

    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", Then)
    try:
        standardwebhooks.Webhook(VECTORS["secret"]).verify(vector["body"], headers_of(vector))
        verified = True
    except standardwebhooks.WebhookVerificationError:
        verified = False
    assert verified == vector["v1"]


def test_we_sign_as_published() -> None:
    by_name = {vector["name"]: vector for vector in VECTORS["vectors"]}
    vector = by_name["letters beyond ASCII, signed as UTF-8"]
    signed = signing.headers(
        [VECTORS["secret"], VECTORS["private_key"]], vector["id"], vector["timestamp"], vector["body"].encode()
    )
    assert signed == headers_of(vector)
    theirs = standardwebhooks.Webhook(VECTORS["secret"]).sign(
        vector["id"], datetime.fromtimestamp(vector["timestamp"], UTC), vector["body"]
    )
    assert signed["webhook-signature"].split(" ")[0] == theirs
