"""How many websites one job process visits at once, how fast, and in how much memory.

    python -m benchmarks.crawler [--sites 1000] [--kilobytes 60] [--answer-ms 200]

A web of ``sites`` hosts on loopback answers after ``answer-ms`` with pages of so many kilobytes; one process, started
afresh, enriches a lead for each, at the usual pace of one request a second and host. Told are the sites a second, how
many hosts were visited at once, and the largest resident memory of that process.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import orjson

from core import config
from jobs import enrich
from jobs.worker import Worker
from models import base, migrations
from services import accounts, enrichments
from tests import leads, local_web
from tests.local_web import Answer, LocalWeb, page

FILLER = "<div class='card'><h3>Coffee and cake</h3><p>Every day we bake bread, buns and cakes of our own.</p></div>\n"
NAV = '<nav><a href="/menu">Menu</a> <a href="/contact">Contact</a> <a href="/about">About us</a></nav>'
CONTACT = '<a href="mailto:info@cafe{0}.example.com">Write</a> <a href="tel:+35891234{0:04}">Call</a>'


def site(number: int, kilobytes: int, after_s: float) -> dict[str, Answer]:
    """Return a café's website: robots.txt, home, contact and about page."""
    filler = FILLER * (kilobytes * 1024 // len(FILLER))
    start = f'<html lang="en"><title>Café {number}</title><body>{NAV}'
    return {
        "/": page(f"{start}{filler}</body></html>", after_s=after_s),
        "/contact": page(f"{start}{CONTACT.format(number)}{filler}</body></html>", after_s=after_s),
        "/about": page(f"{start}{filler}</body></html>", after_s=after_s),
    }


def prepare(web: LocalWeb, sites: int, kilobytes: int, after_s: float) -> None:
    """Make the web, and an account with a lead for each site and an enrichment of all."""
    shared = site(0, kilobytes, after_s)
    base.connect(config.current().database_url)
    migrations.migrate()
    with base.connection():
        caller = accounts.create("bench@example.com", "enterprise")
        urls = [web.add(f"127.8.{number // 250}.{number % 250}", shared) for number in range(sites)]
        leads.write(caller, *(leads.lead(f"Café {number}", websites=[url]) for number, url in enumerate(urls)))
        enrichments.create_enrichment(caller, enrichments.Wanted(None, {}))
    base.database.close_all()


def work() -> None:
    """Be the job process: enrich, and print what it took."""
    config.configure(config.Settings.from_env())
    base.connect(config.current().database_url)
    most, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.05):
            most = max(most, sum(thread.name.startswith("visit ") for thread in threading.enumerate()))

    threading.Thread(target=watch, daemon=True).start()
    before = resident()
    started, cpu = time.monotonic(), time.process_time()
    with base.connection():
        Worker({enrichments.ENRICH: enrich.run}).run_until_idle()
    told = {"seconds": time.monotonic() - started, "cpu": time.process_time() - cpu, "at_once": most}
    ended.set()
    print(orjson.dumps({**told, "before_mb": before, "peak_mb": resident("VmHWM")}).decode())


def resident(what: str = "VmRSS") -> float:
    """Return the resident memory of this process in MB, ``VmHWM``: the most it ever was."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(what))) / 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sites", type=int, default=1000)
    options.add_argument("--kilobytes", type=int, default=60)
    options.add_argument("--answer-ms", type=float, default=200.0)
    options.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.work:
        work()
        return
    with tempfile.TemporaryDirectory() as home, local_web.local_web() as web:
        environ = {
            "MAPTARGETER_HOME": home,
            "MAPTARGETER_OUTBOUND_ALLOW": "127.0.0.0/8",
            "MAPTARGETER_CRAWLER": "local",
        }
        config.configure(config.Settings.from_env(environ))
        prepare(web, chosen.sites, chosen.kilobytes, chosen.answer_ms / 1000)
        command = [sys.executable, "-m", "benchmarks.crawler", "--work"]
        done = subprocess.run(command, env=os.environ | environ, stdout=subprocess.PIPE, text=True, check=True)
        report(web, chosen.sites, orjson.loads(done.stdout))


def report(web: LocalWeb, sites: int, told: dict[str, float]) -> None:
    per_second = len(web.log) / told["seconds"]
    print(f"{sites} sites, {len(web.log)} requests in {told['seconds']:.1f} s ({told['cpu']:.1f} s of CPU)")
    print(f"{sites / told['seconds']:.1f} sites/s, {per_second:.0f} requests/s, {told['at_once']:.0f} hosts at once")
    print(f"memory: {told['before_mb']:.0f} MB before, {told['peak_mb']:.0f} MB at most")
    print(f"too soon after each other: {len(web.rushed(1.0))} requests; most at once on one host: {most_together(web)}")


def most_together(web: LocalWeb) -> int:
    return max(web.most_together.values(), default=0)


if __name__ == "__main__":
    main()
