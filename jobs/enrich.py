"""Drives an enrichment: many hosts at once, each visited by a thread of its own, and one thread that writes.

``SLOTS`` hosts are visited at once in one process, whatever the number of batches: those that run at the same time
share them. A batch that has run for ``SLICE_S`` while another account's waits lets that one go first.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue

from core import clock
from core.errors import InvalidInput, PlanLimitExceeded
from models import enrichment as table
from models import job as queue
from models.job import Job
from services import enrich_mail, enrich_values, enrich_visit, enrich_web, enriching, enrichments
from services.enrich_visit import Memory, Visit
from services.enrich_web import Host
from services.enriching import Batch, Came, Left, StoppedError, Tour

log = logging.getLogger(__name__)

SLOTS = 200
SLICE_S = 20.0
AT_ONCE = 50  # hosts leased, or sites written, in one transaction
LONGEST_REST_S = 0.2
TICK_S = 0.1
CHECK_S = 1.0
RENEW_S = 15.0
ROUND_S = 0.5
"""Hosts that were busy or resting are asked for again after this."""
BUSY_ELSEWHERE_S = 2.0
"""A batch all of whose hosts are busy or resting lets go of its thread, and comes back after this."""


class Slots:
    """How many hosts this process visits, and the fair share of each batch. Thread-safe."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._free = size
        self._batches = 0
        self._lock = threading.Lock()

    def join(self, batches: int) -> None:
        """Count a batch in (1) or out (-1)."""
        with self._lock:
            self._batches += batches

    def take(self, held: int) -> int:
        """Take up to ``AT_ONCE`` slots for a batch that holds so many; return how many were given."""
        with self._lock:
            share = max(1, self.size // max(1, self._batches))
            given = max(0, min(AT_ONCE, share - held, self._free))
            self._free -= given
            return given

    def give_back(self, number: int = 1) -> None:
        with self._lock:
            self._free += number


slots = Slots(SLOTS)
_pen = threading.Lock()


def run(job: Job) -> None:
    """Carry on with the enrichment that the job names; do nothing if it has ended."""
    enrichment_id = job.payload["enrichment_id"]
    try:
        batch = enriching.begin(enrichment_id, job)
        if batch is not None:
            _carry_on(batch, job)
    except StoppedError:
        log.info("enrichment %s was stopped", enrichment_id)
    except (PlanLimitExceeded, InvalidInput) as error:
        enriching.fail(enrichment_id, error.code, error.message)


def _carry_on(batch: Batch, job: Job) -> None:
    crew = _Crew(batch, job)
    slots.join(1)
    try:
        crew.visit_all()
    except BaseException:
        crew.stop.set()
        raise
    finally:
        crew.come_home()
        slots.join(-1)
    if table.any_open(batch.id):
        enriching.hand_on(batch, job, 0.0 if crew.pause.is_set() else BUSY_ELSEWHERE_S)
    else:
        enriching.end(batch, job)


@dataclass(slots=True)
class _Crew:
    """The threads that visit for one batch, seen from the one that writes.

    ``last_host`` is how far this round through the waiting hosts has come; ``lucky`` whether it found any to visit.
    """

    batch: Batch
    job: Job
    news: "SimpleQueue[Came | Host]" = field(default_factory=SimpleQueue)
    stop: threading.Event = field(default_factory=threading.Event)
    pause: threading.Event = field(default_factory=threading.Event)
    out: int = 0
    last_host: str = ""
    lucky: bool = True
    idle: bool = False
    next_round: float = 0.0
    started: float = field(default_factory=time.monotonic)
    checked: float = field(default_factory=time.monotonic)
    renewed: float = field(default_factory=time.monotonic)

    def visit_all(self) -> None:
        """Send out and take in until nothing is left, nothing can be had now, or others are to have their turn."""
        while self.out or not (self.idle or self.pause.is_set()):
            sent = not self.pause.is_set() and self.send_out()
            self.take_in(0.0 if sent else TICK_S)
            self.look_after()

    def send_out(self) -> bool:
        """Start visits while there are slots and hosts; return whether there may be more to start at once."""
        if time.monotonic() < self.next_round:
            return False
        given = slots.take(self.out)
        if not given:
            return False
        hosts = table.hosts_to_visit(self.batch.id, self.last_host, given)
        started = self._start(hosts) if hosts else 0
        slots.give_back(given - started)
        if hosts:
            self.last_host = hosts[-1]
            return True
        self.idle, self.lucky, self.last_host = not self.lucky, False, ""
        self.next_round = time.monotonic() + ROUND_S
        return False

    def _start(self, hosts: list[str]) -> int:
        with _gently():
            tours, fresh = enriching.take(self.batch, hosts)
        idle = [self._left(self._host(tour)) for tour in tours if not tour.sites]
        if fresh or idle:
            with _gently():
                enriching.record(self.batch, [*fresh, *idle])
        wanted = [tour for tour in tours if tour.sites]
        for tour in wanted:
            self.out += 1
            threading.Thread(
                target=self._travel, args=(self._host(tour), tour), daemon=True, name=f"visit {tour.host}"
            ).start()
        self.lucky = self.lucky or bool(tours)
        return len(wanted)

    def _host(self, tour: Tour) -> Host:
        return Host.known(tour.host, tour.robots, enrich_web.client(), self.stop)

    def _travel(self, host: Host, tour: Tour) -> None:
        """Visit the sites of one host, one after another."""
        memory = Memory()
        try:
            for site in tour.sites:
                if self.stop.is_set() or self.pause.is_set():
                    break
                before = host.sent
                visit = enrich_visit.visit(site, host, memory)
                if not self.stop.is_set():
                    self.news.put(_came(visit, host.sent - before))
        except Exception:
            log.exception("visiting %s failed", tour.host)
        finally:
            slots.give_back()
            self.news.put(host)

    def take_in(self, wait_s: float) -> None:
        """Write down what came back, if anything does within ``wait_s``."""
        news: list[Came | Left] = []
        while len(news) < AT_ONCE:
            try:
                one = self.news.get(timeout=wait_s) if wait_s and not news else self.news.get_nowait()
            except Empty:
                break
            news.append(self._left(one) if isinstance(one, Host) else one)
        if not news:
            return
        with _gently():
            enriching.record(self.batch, news)
        self.out -= sum(isinstance(one, Left) for one in news)
        self.lucky = self.lucky or any(isinstance(one, Came) and one.visit.moved_to for one in news)

    def look_after(self) -> None:
        """Now and then: hold on to hosts, notice that the batch was stopped or lost, and that others wait."""
        now = time.monotonic()
        if now - self.renewed > RENEW_S:
            enriching.renew(self.batch)
            self.renewed = now
        if now - self.checked < CHECK_S:
            return
        self.checked = now
        if not queue.holds(self.job):
            raise queue.LeaseLost(self.job.id)
        if not enriching.is_running(self.batch):
            raise StoppedError
        account_id = self.batch.caller.account_id
        if now - self.started > SLICE_S and table.others_wait(enrichments.ENRICH, account_id, clock.now_stamp()):
            self.pause.set()

    def come_home(self) -> None:
        """Wait for who is still out, and let their hosts go; what they bring after a stop is not written."""
        left: list[Left] = []
        while len(left) < self.out:
            news = self.news.get()
            if isinstance(news, Host):
                left.append(self._left(news))
        if left:
            enriching.release(self.batch, left)

    def _left(self, host: Host) -> Left:
        rest = max(host.gap_s(), host.asked_to_wait_s) if host.sent else 0.0
        next_at = clock.stamp(clock.now() + timedelta(seconds=rest, milliseconds=1))
        return Left(host.name, next_at, host.records())


@contextmanager
def _gently() -> Iterator[None]:
    """Write, then rest as long as that took, one batch at a time: requests and other jobs want to write, too."""
    with _pen:
        started = time.monotonic()
        try:
            yield
        finally:
            time.sleep(min(LONGEST_REST_S, time.monotonic() - started))


def _came(visit: Visit, requests: int) -> Came:
    """Judge what a visit found. Asking the DNS for mail servers may take a while, so it is done by who visited."""
    emails = visit.facts.emails if visit.facts else ()
    mail = enrich_mail.statuses(enrich_mail.system_check(), [(one.value.address, one.value.kind) for one in emails])
    status, result = enrich_values.judged(visit, mail)
    return Came(visit, visit.site.last_status if visit.unchanged else status, result, requests)
