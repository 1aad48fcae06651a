"""What is old in the tables that would only grow, and deleting it a few rows at a time.

What is still to be done is never old, however long it has waited. Events are more than one table: ``models.delivery``.
"""

from dataclasses import dataclass
from datetime import datetime

from core import clock, ids
from models import base


@dataclass(frozen=True, slots=True)
class Old:
    """Rows of a ``table``, told apart by ``key``, that are old: ``where`` holds with a moment for each ``?`` in it.

    With a ``prefix`` the moment is the lowest id of that prefix that can have been made then, so that the old rows are
    the first of the primary key.
    """

    table: str
    key: str
    where: str
    prefix: str = ""

    def parameters(self, moment: datetime) -> tuple[str, ...]:
        made = ids.lowest(self.prefix, moment) if self.prefix else clock.stamp(moment)
        return (made,) * self.where.count("?")


ANSWERS = Old("idempotency_record", "account_id, operation, key", "created_at < ?")
REQUESTS = Old("request_log", "id", "id < ?", "req")
DEAD_JOBS = Old("job", "id", "state = 'dead' AND died_at < ?")
AUDIT = Old("audit_entry", "id", "id < ?", "aud")
KEYS = Old("api_key", "id", "revoked_at < ? OR expires_at < ?")
SESSIONS = Old("session", "id", "last_seen_at < ? OR expires_at < ?")
LINKS = Old("one_time_link", "id", "expires_at < ?")
SITES = Old("web_site", "key, country", "checked_at < ?")
HOSTS = Old("web_host", "host", "token IS NULL AND next_at < ?")

_ENDED = "id < ? AND status NOT IN ('queued', 'running')"
_ENRICHED = "enrichment_id IN (SELECT id FROM enrichment WHERE id < ? AND status NOT IN ('queued', 'running'))"
_SAID = "ticket_id IN (SELECT id FROM ticket WHERE status <> 'open' AND updated_at < ?)"
_SCANNED = "EXISTS (SELECT 1 FROM scan s WHERE s.id = scan_tile.scan_id AND s.status NOT IN ('queued', 'running'))"

TILES = Old("scan_tile", "scan_id, y, x", _SCANNED)
SCANS = Old("scan", "id", _ENDED, "scan")
ENRICHED_LEADS = Old("enrichment_lead", "enrichment_id, number", _ENRICHED, "enr")
ENRICHED_SITES = Old("enrichment_site", "enrichment_id, key, country", _ENRICHED, "enr")
ENRICHMENTS = Old("enrichment", "id", _ENDED, "enr")
MESSAGES = Old("ticket_message", "id", _SAID)
TICKETS = Old("ticket", "id", "status <> 'open' AND updated_at < ?")


def forget(old: Old, moment: datetime, limit: int) -> int:
    """Delete up to ``limit`` of the rows that are old by this moment; return how many.

    It looks first, which takes no lock: mostly there is nothing.
    """
    found = " ".join(("SELECT", old.key, "FROM", old.table, "WHERE", old.where, "LIMIT ?"))
    parameters = (*old.parameters(moment), limit)
    if not base.rows(found, parameters):
        return 0
    gone = " ".join(("DELETE FROM", old.table, "WHERE", f"({old.key})", "IN (", found, "FOR UPDATE SKIP LOCKED )"))
    return int(base.database.execute_sql(base.portable(base.written(gone)), parameters).rowcount)
