"""Work off the request path: one module for each kind of job, each with ``run(job)``.

A handler may run again after a crash. It ends its last transaction with ``models.job.complete(job)``, so that its
effect and the end of the job are one commit; a job it leaves open is finished when it returns. A job that raises is
tried again later, except for ``models.job.Permanent`` and permanent provider errors. Handler modules import nothing
from this file.
"""

from functools import partial

from jobs import deliver_webhook, enrich, run_scan, write_export
from jobs.worker import Handler, Periodic
from services import enriching, export_files, retention, scanning, schedules, webhook_deliveries

HANDLERS: dict[str, Handler] = {
    # kind: module.run
    "deliver_webhook": deliver_webhook.run,
    "enrich": enrich.run,
    "run_scan": run_scan.run,
    "write_export": write_export.run,
}

LANES: dict[str, int] = {
    # kinds that mostly wait for others, with how many at once in one job process
    "deliver_webhook": 50,
    "enrich": 6,
}

PERIODIC: list[Periodic] = [
    # Periodic(name, every_s, function)
    Periodic("abandoned_scans", 60.0, scanning.fail_abandoned),
    Periodic("abandoned_enrichments", 60.0, enriching.fail_abandoned),
    Periodic("abandoned_exports", 60.0, export_files.fail_abandoned),
    Periodic("expired_exports", 60.0, export_files.delete_expired),
    Periodic("abandoned_deliveries", 60.0, webhook_deliveries.start_overdue),
    Periodic("due_schedules", 15.0, schedules.run_due),
    Periodic("unwanted_deliveries", 3600.0, webhook_deliveries.give_up_old),
    Periodic("half_stored_files", 3600.0, export_files.sweep_store),
    *(Periodic(f"old_{rule.name}", 3600.0, partial(retention.purge, rule)) for rule in retention.RULES),
]
