"""API keys of the caller's account, and keys that somebody found.

A repeated request shows a new key again, but only to the key that made it: another one may lack its scopes.
"""

from datetime import timedelta
from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import ApiKeySchema, CreatedApiKeySchema
from services import api_keys, idempotency


def list_api_keys(limit: int, revoked: bool, cursor: str | None = None) -> Answer:
    """Answer with a page of keys, never the keys themselves."""
    return responses.page(api_keys.page(auth.caller(), limit, cursor, revoked=revoked), ApiKeySchema())


def create_api_key(body: dict[str, Any]) -> Answer:
    """Make a key and show it, once."""
    caller = auth.caller()

    def create() -> dict[str, Any]:
        description, key = api_keys.create(caller, body["name"], body["scopes"], body.get("expires_at"))
        return dict(CreatedApiKeySchema().dump({**api_keys.as_dict(description), "key": key}))

    request = {"by": caller.key_id, "body": body}
    made, replayed = idempotency.once(caller, "create_api_key", responses.idempotency_key(), request, create)
    return responses.created(made, f"/v1/api-keys/{made['id']}", replayed)


def get_api_key(api_key_id: str) -> Answer:
    """Answer with what may be told of a key."""
    return responses.ok(ApiKeySchema().dump(api_keys.get(auth.caller(), api_key_id)))


def update_api_key(api_key_id: str, body: dict[str, Any]) -> Answer:
    """Change a key's name, scopes or expiry."""
    return responses.ok(ApiKeySchema().dump(api_keys.update(auth.caller(), api_key_id, body)))


def rotate_api_key(api_key_id: str, body: dict[str, Any]) -> Answer:
    """Make a key in place of another, and show it, once."""
    caller = auth.caller()

    def rotate() -> dict[str, Any]:
        description, key = api_keys.rotate(caller, api_key_id, timedelta(hours=body["overlap_hours"]))
        return dict(CreatedApiKeySchema().dump({**api_keys.as_dict(description), "key": key}))

    request = {"by": caller.key_id, "api_key_id": api_key_id, "body": body}
    made, replayed = idempotency.once(caller, "rotate_api_key", responses.idempotency_key(), request, rotate)
    return responses.created(made, f"/v1/api-keys/{made['id']}", replayed)


def revoke_api_key(api_key_id: str) -> Answer:
    """Make a key stop working."""
    api_keys.revoke(auth.caller(), api_key_id)
    return responses.no_content()


def revoke_found_key(body: dict[str, Any]) -> Answer:
    """Revoke whatever key was found; the answer never tells whether it was one."""
    api_keys.revoke_found(body["key"])
    return responses.no_content()
