"""What each error code means and what to do about it: the one source of the page that ``doc_url`` leads to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """``status`` is the HTTP status that the code comes with."""

    status: int
    meaning: str
    remedy: str


TEXTS: dict[str, Text] = {
    "invalid_request": Text(
        400,
        "A parameter, a header or the body is not what the operation takes.",
        "Read details: it lists every problem, with the place, a code and a message. The same request can never work.",
    ),
    "invalid_json": Text(
        400,
        "The body is not JSON: broken text, bytes that are not UTF-8, NaN, a name used twice, or endless nesting.",
        "Write the body with a JSON library and send it unchanged.",
    ),
    "invalid_cursor": Text(
        400,
        "The cursor was changed, belongs to another list or account, or came with other filters or another sort.",
        "Pass next_cursor exactly as it was answered, with the same other parameters; or start again without a cursor.",
    ),
    "idempotency_mismatch": Text(
        400,
        "This Idempotency-Key was used before, with another request.",
        "Use a new key for a new request. Keep the key only to repeat the very same request.",
    ),
    "conflicting_credentials": Text(
        400,
        "The request carries two different API keys, one in Authorization and one in X-API-Key.",
        "Send one of them. Look for a proxy or a client default that adds the other.",
    ),
    "forbidden_address": Text(
        400,
        "The URL is not https, cannot be resolved, or leads to an address that is not public.",
        "Use an https URL of a public host. An operator can allow private networks with MAPTARGETER_OUTBOUND_ALLOW.",
    ),
    "unauthenticated": Text(
        401,
        "The request carries no API key.",
        "Send Authorization: Bearer mt_live_... or X-API-Key: mt_live_...",
    ),
    "invalid_api_key": Text(
        401,
        "The key is mistyped, unknown or revoked.",
        "Check that it is complete. If it was revoked, make a new one.",
    ),
    "expired_api_key": Text(
        401,
        "The key was valid until its expires_at, which has passed.",
        "Make a new key, with a later expires_at or none.",
    ),
    "insufficient_scope": Text(
        403,
        "The key is valid, but lacks a scope that this operation needs. The message names it.",
        "Use a key that has the scope, or make one.",
    ),
    "plan_limit_exceeded": Text(
        403,
        "Your plan allows less than this request asks for. The message names the limit and a plan that allows more.",
        "Ask for less, or change to that plan. get_account lists all limits.",
    ),
    "not_found": Text(
        404,
        "There is nothing at this address, or nothing with this id in your account.",
        "Check the path and the id. Ids of other accounts answer the same.",
    ),
    "method_not_allowed": Text(
        405,
        "The address exists, but does not take this method.",
        "Use one of the methods in the Allow header.",
    ),
    "not_acceptable": Text(
        406,
        "The Accept header leaves no format that this operation can answer with.",
        "Leave Accept out, or add the format that the message names.",
    ),
    "conflict": Text(
        409,
        "The thing is in a state that does not allow this; the message says which.",
        "Get it again, and decide by its status.",
    ),
    "idempotency_in_progress": Text(
        409,
        "The first request with this Idempotency-Key has not been answered yet.",
        "Wait a moment and repeat the request with the same key.",
    ),
    "precondition_failed": Text(
        412,
        "The thing has changed since you read it: its ETag is no longer the If-Match that you sent.",
        "Read it again, look at what changed, and send your change with the new ETag.",
    ),
    "gone": Text(
        410,
        "It was there once: an export file is deleted when it expires.",
        "Create it again.",
    ),
    "payload_too_large": Text(
        413,
        "The body is over 1,000,000 bytes.",
        "Send less at once.",
    ),
    "unsupported_media_type": Text(
        415,
        "The body does not say that it is plain JSON in UTF-8.",
        "Send Content-Type: application/json, and no Content-Encoding.",
    ),
    "range_not_satisfiable": Text(
        416,
        "The Range begins beyond the end of the file. Content-Range tells how many bytes it has.",
        "Ask for bytes that there are, or leave Range out.",
    ),
    "rate_limited": Text(
        429,
        "More requests a minute than the plan of the key allows, or too many without a valid key from one address.",
        "Wait the seconds in Retry-After (also error.retry_after), then go on. RateLimit tells how many are left.",
    ),
    "internal": Text(
        500,
        "A fault of ours. It is logged under the request id.",
        "Repeat a GET or DELETE, or a POST that had an Idempotency-Key. If it stays, tell support the request id.",
    ),
    "unavailable": Text(
        503,
        "A part of the service, such as the database, does not answer.",
        "Wait the seconds in Retry-After, then repeat a GET or DELETE, or a POST that had an Idempotency-Key.",
    ),
}
