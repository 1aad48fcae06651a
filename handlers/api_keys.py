"""API keys of the caller's account."""

from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import ApiKeySchema, CreatedApiKeySchema
from services import api_keys, idempotency


def list_api_keys(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of keys, never the keys themselves."""
    return responses.page(api_keys.page(auth.caller(), limit, cursor), ApiKeySchema())


def create_api_key(body: dict[str, Any]) -> Answer:
    """Make a key and show it, once."""
    caller = auth.caller()

    def create() -> dict[str, Any]:
        description, key = api_keys.create(caller, body["name"], body["scopes"], body.get("expires_at"))
        return dict(CreatedApiKeySchema().dump({**api_keys.as_dict(description), "key": key}))

    made, replayed = idempotency.once(caller, "create_api_key", responses.idempotency_key(), body, create)
    return responses.created(made, f"/v1/api-keys/{made['id']}", replayed)


def get_api_key(api_key_id: str) -> Answer:
    """Answer with what may be told of a key."""
    return responses.ok(ApiKeySchema().dump(api_keys.get(auth.caller(), api_key_id)))


def revoke_api_key(api_key_id: str) -> Answer:
    """Make a key stop working."""
    api_keys.revoke(auth.caller(), api_key_id)
    return responses.no_content()
