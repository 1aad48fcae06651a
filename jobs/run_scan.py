"""Runs a scan from its first tile without a checkpoint to its end."""

import logging

from core.errors import PlanLimitExceeded
from models import job as queue
from models.job import Job
from services import scanning

log = logging.getLogger(__name__)


def run(job: Job) -> None:
    """Carry on with the scan that the job names; do nothing if it has ended."""
    scan_id = job.payload["scan_id"]
    try:
        _carry_on(scan_id, job)
    except scanning.StoppedError:
        log.info("scan %s was stopped", scan_id)
    except PlanLimitExceeded as error:
        scanning.fail(scan_id, error.code, error.message)


def _carry_on(scan_id: str, job: Job) -> None:
    under_way = scanning.begin(scan_id)
    if under_way is None:
        return
    for tile in scanning.tiles_left(under_way):
        if not queue.holds(job):
            raise queue.LeaseLost(job.id)
        scanning.scan_tile(under_way, tile)
    scanning.end(under_way, job)
