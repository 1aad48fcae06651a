"""Writes the file of an export, from the beginning each time it is tried."""

from core.errors import InvalidInput, PlanLimitExceeded
from models.job import Job
from services import export_files


def run(job: Job) -> None:
    """Write and complete the export that the job names; do nothing if it has ended."""
    export_id = job.payload["export_id"]
    try:
        export_files.write(export_id, job)
    except (PlanLimitExceeded, InvalidInput) as error:
        export_files.fail(export_id, error.code, error.message)
