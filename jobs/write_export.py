"""Writes the files of an export, from the beginning each time it is tried."""

from core.errors import Conflict, InvalidInput, NotFound, PlanLimitExceeded, Unavailable
from models.job import Job
from services import export_files


def run(job: Job) -> None:
    """Write and complete the export that the job names; do nothing if it has ended.

    What cannot be stored just now is tried again, and when that was in vain for the last time, the customer is told.
    """
    export_id = job.payload["export_id"]
    try:
        export_files.write(export_id, job)
    except (PlanLimitExceeded, InvalidInput, NotFound, Conflict) as error:
        export_files.fail(export_id, error.code, error.message)
    except Unavailable as error:
        if job.attempt >= job.max_attempts:
            export_files.fail(export_id, error.code, error.message)
        raise
