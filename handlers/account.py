"""The caller's own account."""

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import AccountSchema, AuditEntrySchema, UsageSchema
from services import accounts, audit, usage


def get_account() -> Answer:
    """Answer with the account the key belongs to."""
    return responses.ok(AccountSchema().dump(accounts.view(auth.caller())))


def get_usage() -> Answer:
    """Answer with what the account used."""
    return responses.ok(UsageSchema().dump(usage.get_usage(auth.caller())))


def list_audit_entries(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of what was done to keys and webhook endpoints."""
    return responses.page(audit.page(auth.caller(), limit, cursor), AuditEntrySchema())
