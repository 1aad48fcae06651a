"""What the menu leads to. An entry whose view does not exist is left out."""

from dataclasses import dataclass

import flask

from dashboard.frame import pages, visitor_or_none
from services import members


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the menu: the view, its label and icon; ``also`` are other views that belong to it."""

    view: str
    label: str
    icon: str
    also: tuple[str, ...] = ()


MENU: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("", (Entry("overview", "Overview", "home"),)),
    (
        "Data",
        (
            Entry("leads", "Leads", "pin", ("lead",)),
            Entry("scans", "Scans", "scan", ("new_scan", "scan")),
            Entry("schedules", "Schedules", "repeat", ("new_schedule", "schedule", "edit_schedule")),
            Entry("enrichments", "Enrichments", "spark", ("enrichment",)),
            Entry("exports", "Exports", "download", ("new_export", "export")),
            Entry("suppressions", "Suppressions", "block"),
        ),
    ),
    (
        "Developers",
        (
            Entry("keys", "API keys", "key", ("create_key", "key", "rotate_key")),
            Entry("console", "API console", "code", ("quickstart",)),
            Entry("webhooks", "Webhooks", "bolt", ("webhook", "delivery", "create_webhook")),
            Entry("requests", "Requests", "list", ("request_entry",)),
        ),
    ),
    (
        "Account",
        (
            Entry("team", "Members", "people", ("invite",)),
            Entry("usage", "Usage and plan", "gauge"),
            Entry("audit_log", "Audit log", "clock"),
            Entry("support", "Support", "help", ("ticket",)),
        ),
    ),
)


# the first that fits: each names itself after those before it
_BROWSERS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


@pages.app_context_processor
def menu() -> dict[str, object]:
    """Let the layout show the menu and the visitor's accounts."""
    found = visitor_or_none()
    shown = [(title, [entry for entry in group if exists(entry.view)]) for title, group in MENU]
    homes = members.accounts_of(found.user_id) if found else []
    return {"menu": [group for group in shown if group[1]], "homes": homes, "exists": exists}


def exists(view: str) -> bool:
    """Tell whether there is such a page."""
    return f"dashboard.{view}" in flask.current_app.view_functions


@pages.app_template_filter("browser")
def browser(agent: str) -> str:
    """Return what a person calls a browser that calls itself this."""
    name = next((name for sign, name in _BROWSERS if sign in agent), "A program" if agent else "Unknown")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return f"{name} on {system}" if system else name
