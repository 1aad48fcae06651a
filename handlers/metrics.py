"""``/metrics``: the numbers of the whole installation as Prometheus reads them, for those who may."""

import hmac
from collections.abc import Callable, Iterator

import flask
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from core.config import Settings
from core.errors import NotFound
from handlers import exchange
from handlers.exchange import Exchange
from services.metrics import Snapshot

COUNTS = {
    "http_requests": "Requests answered, by operation and status.",
    "job_attempts": "Attempts of jobs, by kind and outcome: finished, retried, dead, or lost to another worker.",
    "webhook_attempts": "Attempts to deliver an event, by outcome.",
}
SPREADS = {
    "http_request_seconds": "Time from a request to the end of its answer, by operation.",
    "job_seconds": "Time that attempts of jobs took, by kind.",
}


def pages(settings: Settings, snapshot: Callable[[], Snapshot]) -> flask.Blueprint:
    """Return the page. Who may not read it is told that there is nothing."""
    made = flask.Blueprint("metrics", __name__)

    @made.get("/metrics")
    def metrics() -> flask.Response:
        if not _may_read(settings):
            raise NotFound("There is nothing at this address.")
        return flask.Response(text(snapshot()), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return made


def text(numbers: Snapshot) -> bytes:
    """Write the numbers in the Prometheus text format."""
    registry = CollectorRegistry()
    registry.register(_Fixed(list(_families(numbers))))
    return generate_latest(registry)


def _may_read(settings: Settings) -> bool:
    """Tell whether the request has the token, or comes straight from an address that needs none."""
    sent = flask.request.headers.get("Authorization", "").encode()
    if settings.metrics_token and hmac.compare_digest(sent, f"Bearer {settings.metrics_token}".encode()):
        return True
    about: Exchange = exchange.of(flask.request.environ["asgi.scope"])
    return about.client.within(settings.metrics_allow)


def _families(numbers: Snapshot) -> Iterator[Metric]:
    for name, about in COUNTS.items():
        yield _counts(name, about, numbers)
    for name, about in SPREADS.items():
        yield _spreads(name, about, numbers)
    jobs = GaugeMetricFamily("maptargeter_jobs", "Jobs by kind and state.", labels=["kind", "state"])
    for kind_and_state, number in sorted(numbers.jobs.items()):
        jobs.add_metric(kind_and_state, number)
    yield jobs
    about = "How long the job of a kind that waits longest could have run by now."
    oldest = GaugeMetricFamily("maptargeter_oldest_ready_job_seconds", about, labels=["kind"])
    for kind, seconds in sorted(numbers.oldest_ready_s.items()):
        oldest.add_metric([kind], seconds)
    yield oldest


def _counts(name: str, about: str, numbers: Snapshot) -> Metric:
    rows = sorted((labels, value) for (counted, labels), value in numbers.counts.items() if counted == name)
    family = CounterMetricFamily(f"maptargeter_{name}", about, labels=[key for key, _ in rows[0][0]] if rows else [])
    for labels, number in rows:
        family.add_metric([value for _, value in labels], number)
    return family


def _spreads(name: str, about: str, numbers: Snapshot) -> Metric:
    rows = sorted((labels, spread) for (counted, labels), spread in numbers.spreads.items() if counted == name)
    family = HistogramMetricFamily(f"maptargeter_{name}", about, labels=[key for key, _ in rows[0][0]] if rows else [])
    for labels, spread in rows:
        family.add_metric([value for _, value in labels], spread.buckets, spread.sum_s)
    return family


class _Fixed(Collector):
    """Families that were measured already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families
