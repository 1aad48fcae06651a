"""The list of all tables, for creating a new database and for emptying one in tests."""

from models import (
    account,
    audit,
    base,
    counter,
    enrichment,
    enrichment_web,
    export,
    idempotency,
    job,
    lead,
    lead_tally,
    place,
    request_log,
    saved_search,
    scan,
    schedule,
    search,
    suppression,
    ticket,
    user,
    webhook,
)

TABLES: tuple[type[base.Model], ...] = (
    *account.TABLES,
    *audit.TABLES,
    *idempotency.TABLES,
    *place.TABLES,
    *lead.TABLES,
    *lead_tally.TABLES,
    *suppression.TABLES,
    *request_log.TABLES,
    *ticket.TABLES,
    *scan.TABLES,
    *enrichment.TABLES,
    *enrichment_web.TABLES,
    *schedule.TABLES,
    *export.TABLES,
    *webhook.TABLES,
    *user.TABLES,
    *saved_search.TABLES,
    *job.TABLES,
    *counter.TABLES,
)


def create() -> None:
    """Create every table and index of this version in an empty database."""
    base.database.create_tables(list(TABLES))
    search.create()
