"""The official npm library verifies the published vectors, and what really arrives."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.clients import generators
from tests.clients.story import receiver
from tests.platform import ROOT, Platform

VECTORS: dict[str, Any] = json.loads((ROOT / "docs" / "webhook-vectors.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the verifier is, compiled."""
    made = tmp_path_factory.mktemp("verifier")
    for name in ("package.json", "package-lock.json", "tsconfig.json", "verify.ts"):
        shutil.copy(generators.TYPESCRIPT / name, made / name)
    generators.run("npm", "ci", "--ignore-scripts", "--engine-strict", "--no-audit", "--no-fund", folder=made)
    generators.run("tsc", folder=made)
    return made


def verified(folder: Path, messages: list[dict[str, Any]]) -> list[dict[str, bool]]:
    (folder / "messages.json").write_text(json.dumps(messages), encoding="utf-8")
    answers: list[dict[str, bool]] = json.loads(generators.run("node", "out/verify.js", "messages.json", folder=folder))
    return answers


def test_the_published_vectors(folder: Path) -> None:
    keys = {"secret": VECTORS["secret"], "public_key": VECTORS["public_key"]}
    messages = [
        keys
        | {
            "body": one["body"],
            "headers": {
                "webhook-id": one["id"],
                "webhook-timestamp": str(one["timestamp"]),
                "webhook-signature": one["signature"],
            },
        }
        for one in VECTORS["vectors"]
    ]
    expected = [{"v1": one["v1"], "v1a": one["v1a"]} for one in VECTORS["vectors"]]
    assert verified(folder, messages) == expected


def test_what_really_arrives(folder: Path, platform: Platform) -> None:
    client = platform.account("npm@example.com")
    with receiver() as (url, hooks):
        wanted = {"url": url, "event_types": ["scan.completed"], "signing": "ed25519"}
        made = client.post("/webhook-endpoints", json=wanted).raise_for_status().json()
        client.post(f"/webhook-endpoints/{made['id']}/test").raise_for_status()
        client.scanned(categories=("cafe",))
        captured = [hooks.get(timeout=15) for _ in range(2)]
    keys = {"secret": made["secret"], "public_key": made["public_key"]}
    messages = [keys | {"headers": headers, "body": body.decode()} for headers, body in captured]
    assert verified(folder, messages) == [{"v1": True, "v1a": True}] * 2
    changed = [one | {"body": one["body"] + " "} for one in messages]
    assert verified(folder, changed) == [{"v1": False, "v1a": False}] * 2
