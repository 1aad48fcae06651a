"""What each plan allows. ``None`` means no limit."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from core.errors import InvalidInput, PlanLimitExceeded


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of one account: its plan's, with what was agreed for that account alone."""

    name: str
    requests_per_minute: int
    rows_per_page: int
    scan_area_km2: float | None
    leads: int | None
    export_rows: int | None
    enrichment_leads: int
    webhook_endpoints: int
    api_keys: int

    def limits(self) -> dict[str, float | int | None]:
        """Return the limits by name, without the plan's name."""
        return {name: value for name, value in asdict(self).items() if name != "name"}

    def require(self, limit: str, wanted: float, *, or_more: bool = False) -> None:
        """Raise PlanLimitExceeded, naming a plan that allows more, if ``wanted`` (``or_more``) is over ``limit``."""
        allowed = getattr(self, limit)
        if allowed is not None and wanted > allowed:
            raise PlanLimitExceeded(
                f"Your {self.name} plan allows {_number(allowed)} {WORDS[limit]}; this would be {_number(wanted)}"
                f"{' or more' * or_more}. {_advice(limit, wanted)}"
            )


FREE = Plan("free", 60, 100, 100, 10_000, 1_000, 100, 1, 2)
PRO = Plan("pro", 600, 500, 10_000, 1_000_000, 100_000, 10_000, 5, 20)
ENTERPRISE = Plan("enterprise", 6_000, 1_000, None, None, None, 100_000, 50, 200)
PLANS = {plan.name: plan for plan in (FREE, PRO, ENTERPRISE)}
WORDS = {
    "requests_per_minute": "requests a minute",
    "rows_per_page": "rows a page",
    "scan_area_km2": "km² a scan",
    "leads": "leads",
    "export_rows": "rows an export",
    "enrichment_leads": "leads an enrichment",
    "webhook_endpoints": "webhook endpoints",
    "api_keys": "API keys",
}


def plan(name: str, overrides: dict[str, Any] | None = None) -> Plan:
    """Return the plan called ``name`` with an account's own limits; raise InvalidInput for another name."""
    if name not in PLANS:
        raise InvalidInput(f"There is no plan {name!r}. Choose one of: {', '.join(PLANS)}.")
    known = {field.name for field in fields(Plan)} - {"name"}
    return replace(PLANS[name], **{key: value for key, value in (overrides or {}).items() if key in known})


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or value >= 1000 else f"{value:,.2f}"


def _advice(limit: str, wanted: float) -> str:
    for candidate in PLANS.values():
        allowed = getattr(candidate, limit)
        if allowed is None or wanted <= allowed:
            return f"The {candidate.name} plan allows {'any number' if allowed is None else _number(allowed)}."
    return "Ask support for a higher limit."
