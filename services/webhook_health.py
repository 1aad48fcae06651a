"""How an endpoint is doing: held when it keeps failing, disabled when it has failed for days or is gone.

The customer is told with an event to the account's other endpoints, on the endpoint itself and in the audit log.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from core import clock
from models import webhook as table
from models.webhook import Target
from services import audit, delivery, webhooks
from services.delivery import Health, Outcome
from services.webhook_endpoints import Endpoint


def of(target: Target | None) -> Health:
    return Health(target.failures, target.failing_since, target.held_until) if target else Health()


def may_disable(before: Health, outcomes: Sequence[Outcome], now: datetime) -> bool:
    """Tell whether these attempts may end in an event, so that its lock must come before the endpoint's."""
    return delivery.disabled_reason(delivery.health_after(before, outcomes, now), outcomes, now) is not None


def note(
    account_id: str, endpoint_id: str, target: Target, outcomes: Sequence[Outcome], now: datetime, *, may_tell: bool
) -> Target:
    """Write how a locked endpoint is doing after these attempts; return it as it is now.

    Without ``may_tell`` it is not disabled yet.
    """
    before = of(target)
    after = delivery.health_after(before, outcomes, now)
    changes: dict[str, Any] = {} if after == before else asdict(after)
    reason = delivery.disabled_reason(after, outcomes, now)
    disabled = reason is not None and target.status == "enabled" and may_tell
    if disabled:
        changes |= {"status": "disabled", "disabled_reason": reason, "updated_at": clock.stamp(now)}
    if changes:
        table.change_endpoint(account_id, endpoint_id, changes)
    if disabled:
        _tell(account_id, endpoint_id, str(reason))
    return replace(target, status="disabled" if disabled else target.status, **asdict(after))


def _tell(account_id: str, endpoint_id: str, reason: str) -> None:
    told = {"status": "disabled", "disabled_reason": reason}
    audit.record_own(account_id, audit.ENDPOINT_DISABLED, endpoint_id, {"status": "enabled"}, told)
    row = table.endpoint(account_id, endpoint_id)
    if row:
        data = {"webhook_endpoint": asdict(Endpoint(**row))}
        webhooks.emit(account_id, webhooks.ENDPOINT_DISABLED, data, besides=endpoint_id)
