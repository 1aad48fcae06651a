"""What the plan allows, how much of it is used, and what other plans allow."""

from dataclasses import dataclass

from werkzeug.wrappers import Response

from dashboard.frame import caller, page, pages
from services.accounts import Caller
from services.plans import PLANS, WORDS
from services.usage import Usage, get_usage


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a limit of the plan is used; no ``limit`` is none."""

    label: str
    used: int
    limit: int | None


@pages.get("/usage")
def usage() -> Response:
    """Show the plan, what is used of it, and what was done this month."""
    own, used = caller().plan, get_usage(caller())
    plans = [own if plan.name == own.name else plan for plan in PLANS.values()]
    return page(
        "usage.html", meters=_meters(used), month=_month(used), since=used.since, plan=own, plans=plans, words=WORDS
    )


def meters(mine: Caller) -> list[Meter]:
    """Return what an account uses of the limits that fill up: leads, API keys, webhook endpoints."""
    return _meters(get_usage(mine))


def _meters(used: Usage) -> list[Meter]:
    return [
        Meter("Leads kept", used.leads.used, used.leads.limit),
        Meter("API keys", used.api_keys.used, used.api_keys.limit),
        Meter("Webhook endpoints", used.webhook_endpoints.used, used.webhook_endpoints.limit),
    ]


def _month(used: Usage) -> dict[str, int]:
    lines = {
        "API requests": used.requests, "Scans": used.scans, "Enrichments": used.enrichments,
        "Exports": used.exports,
    }  # fmt: skip
    return {label: line.used for label, line in lines.items()}
