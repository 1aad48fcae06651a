"""The same Idempotency-Key creates nothing twice.

The answer is kept in the transaction of the effect, so a crash leaves both or neither. Refused requests keep
nothing: they had no effect. After 24 hours a key may be used anew.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson

from core import clock, config, sealing
from core.errors import IdempotencyInProgress, IdempotencyMismatch
from models import base
from models import idempotency as table
from services.accounts import Caller

LIFETIME = timedelta(hours=24)
GRACE = timedelta(hours=24)  # kept longer than promised, so that nothing is forgotten while it is replayed

Answer = dict[str, Any]


def once(
    caller: Caller, operation: str, key: str | None, request: Any, effect: Callable[[], Answer]
) -> tuple[Answer, bool]:
    """Return ``effect()``, or what it returned for the same key before, and whether it was the latter.

    ``request`` is all that makes this request what it is. Without a key nothing is remembered. Raise
    IdempotencyMismatch when the key came with another request, IdempotencyInProgress while that still runs.
    """
    if key is None:
        return effect(), False
    fingerprint = hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()
    with base.transaction():
        if not table.claim(caller.account_id, operation, key):
            raise IdempotencyInProgress("The first request with this Idempotency-Key still runs. Try again soon.")
        kept = table.find(caller.account_id, operation, key, clock.stamp(clock.now() - LIFETIME))
        if kept is not None:
            return _replay(caller, kept, fingerprint), True
        answer = effect()
        sealed = sealing.seal(_key(), orjson.dumps(answer).decode(), caller.account_id)
        table.write(caller.account_id, operation, key, fingerprint, sealed, clock.now_stamp())
    return answer, False


def _replay(caller: Caller, kept: table.IdempotencyRecord, fingerprint: str) -> Answer:
    if kept.fingerprint != fingerprint:
        raise IdempotencyMismatch(
            "This Idempotency-Key was used with another request. Use a new key for a new request."
        )
    answer: Answer = orjson.loads(sealing.unseal(_key(), kept.answer, caller.account_id))
    return answer


def _key() -> bytes:
    return config.current().secret("idempotency")
