"""What the plan allows, how much of it is used, and what other plans allow."""

from dataclasses import dataclass

from werkzeug.wrappers import Response

from dashboard.frame import caller, page, pages
from services import api_keys, leads, webhook_endpoints
from services.accounts import Caller
from services.plans import PLANS, WORDS


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a limit of the plan is used; no ``limit`` is none, ``or_more`` says it was not counted to the end."""

    label: str
    used: int
    limit: int | None
    or_more: bool = False


@pages.get("/usage")
def usage() -> Response:
    """Show the plan."""
    own = caller().plan
    plans = [own if plan.name == own.name else plan for plan in PLANS.values()]
    return page("usage.html", meters=meters(caller()), plan=own, plans=plans, words=WORDS)


def meters(mine: Caller) -> list[Meter]:
    """Return what an account uses of the limits that fill up."""
    total = leads.list_leads(mine, limit=1, fields=["id"]).total
    most = mine.plan.rows_per_page
    return [
        Meter("Leads kept", total.value, mine.plan.leads, total.relation == "gte"),
        Meter("API keys", len(api_keys.page(mine, most).rows), mine.plan.api_keys),
        Meter("Webhook endpoints", len(webhook_endpoints.page(mine, most).rows), mine.plan.webhook_endpoints),
    ]
