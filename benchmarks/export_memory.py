"""How much memory an export takes beyond what the process has when it is idle, for each format.

Usage: python -m benchmarks.export_memory FOLDER [--leads 1000000] [--formats csv xlsx ...]

Makes a database in FOLDER: SEEDED made-up leads, repeated as often as needed. Each export is written by a process of
its own, the way a job process does, to files in FOLDER, which are deleted afterwards. Memory is the kernel's VmHWM: the
most that was resident at once, pages of programs and libraries included.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import seed
from core import config
from jobs import write_export
from jobs.worker import Worker
from models import account as accounts_table
from models import base, migrations
from models.lead import Lead
from services import accounts, export_files, exports
from services.export_formats import FORMATS

SEEDED = 20_000
EMAIL = "bench@example.com"


def prepare(leads: int) -> None:
    """Fill the database, unless it is filled already."""
    migrations.migrate()
    if accounts_table.Account.get_or_none(accounts_table.Account.email == EMAIL):
        return
    caller = accounts.create(EMAIL, "enterprise")
    seed.seed(caller, min(leads, SEEDED))
    others = [name for name in Lead._meta.fields if name not in ("number", "id", "rank_key")]
    copied = (
        f"number + {{0}}, 'lead_' || printf('%04d', {{1}}) || substr(id, 10), rank_key + {{0}}, {', '.join(others)}"
    )
    for copy in range(1, -(-leads // SEEDED)):
        made = copied.format(copy * SEEDED, copy)
        sql = f"INSERT INTO lead (number, id, rank_key, {', '.join(others)}) SELECT {made} FROM lead WHERE number <= ?"
        with base.transaction():
            base.database.execute_sql(sql, (SEEDED,))


def ask(name: str) -> str:
    """Ask for an export; return its id."""
    return str(exports.create_export(accounts.by_email(EMAIL), name, {})["id"])


def write(export_id: str) -> None:
    """Write the export in this process, and print what it took."""
    worker = Worker({exports.WRITE_EXPORT: write_export.run})
    worker.run_until_idle(0)
    idle, start = _peak_mb(), time.process_time()
    worker.run_until_idle()
    peak, taken = _peak_mb(), time.process_time() - start
    done = exports.get_export(accounts.by_email(EMAIL), export_id)
    rows, size = done["row_count"], done["bytes"] / 1e6
    numbers = f"{idle:.0f} | {peak - idle:.0f} | {peak:.0f} | {size:,.0f} | {rows / taken:,.0f}"
    print(f"| {done['format']} | {rows:,} | {numbers} |")
    exports.delete_export(accounts.by_email(EMAIL), export_id)
    export_files.delete_expired()


def _peak_mb() -> float:
    """Return the most memory that this process has had so far."""
    status = Path("/proc/self/status").read_text()
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="*", default=list(FORMATS))
    parser.add_argument("--write", help=argparse.SUPPRESS)
    given = parser.parse_args()
    config.configure(config.Settings.from_env({"MAPTARGETER_HOME": str(given.folder)}))
    base.connect(config.current().database_url, pragmas={"synchronous": "off"})
    with base.connection():
        if given.write:
            write(given.write)
            return
        prepare(given.leads)
        heads = ("format", "leads", "idle MB", "more at the peak MB", "peak MB", "file MB", "leads per CPU second")
        print(f"| {' | '.join(heads)} |\n|---|--:|--:|--:|--:|--:|--:|", flush=True)
        for name in given.formats:
            command = [sys.executable, "-m", __spec__.name, str(given.folder), "--write", ask(name)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
