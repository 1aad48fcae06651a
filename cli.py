"""The `maptargeter` command: each sub-command is a few lines around a service."""

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click
import orjson
import yaml
from tqdm import tqdm

import server
from core import config, errors, openapi
from jobs import HANDLERS
from jobs.worker import Worker
from models import base, migrations
from services import accounts, api_keys, doctor, job_care, listening, places, quickstart, support, suppressing, users
from services.places import ImportReport

SPEC = Path(__file__).parent / "spec" / "openapi.yaml"


class OneLineErrors(click.Group):
    """A mistake of the user's is one clear line and exit code 1, never a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except errors.MapTargeterError as error:
            _fail(str(error))
        except ValueError as error:
            _fail(f"configuration: {error}")


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Find business leads on open map data."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Web processes.")
@click.option("--no-jobs", is_flag=True, help="Run no job process; start `maptargeter work` elsewhere.")
def serve(host: str, port: int, workers: int, no_jobs: bool) -> None:
    """Serve the API, and do slow work in a job process."""
    _prepare()
    sys.exit(server.serve(host, port, workers, run_jobs=not no_jobs, on_ready=_say_ready))


@main.command()
def work() -> None:
    """Run one more job process, on this machine or another."""
    _prepare()
    sys.exit(server.work())


@main.command()
def migrate() -> None:
    """Bring the database to this version."""
    _configure()
    steps = migrations.migrate()
    click.echo(f"{steps} step(s) taken." if steps else "Already up to date.")


@main.command()
@click.option("--3.1", "as_31", is_flag=True, help="As OpenAPI 3.1, in JSON, with the events as webhooks.")
def spec(as_31: bool) -> None:
    """Print the contract."""
    text = SPEC.read_text(encoding="utf-8")
    if as_31:
        text = orjson.dumps(openapi.to_31(yaml.safe_load(text)), option=orjson.OPT_INDENT_2).decode() + "\n"
    click.echo(text, nl=False)


@main.group("places")
def places_group() -> None:
    """The catalogue of places all accounts share."""


@places_group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "format_", default="osm", show_default=True, type=click.Choice(["osm"]))
def import_places(file: Path, format_: str) -> None:
    """Load a source into the catalogue."""
    _prepare()
    click.echo(_import(file, format_).line())


@main.group()
def account() -> None:
    """Customers."""


@account.command("create")
@click.argument("email")
@click.option("--plan", default="free", show_default=True, type=click.Choice(["free", "pro", "enterprise"]))
@click.option("--password-stdin", is_flag=True, help="Read the password of its owner, for the dashboard, from a pipe.")
def create_account(email: str, plan: str, password_stdin: bool) -> None:
    """Make an account and print its id."""
    _prepare()
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    with base.connection(), base.transaction():
        account_id = accounts.create(email, plan).account_id
        if password is not None:
            users.set_owner_password(email, password)
        click.echo(account_id)


@account.command("manager")
@click.argument("email")
@click.argument("name")
def set_manager(email: str, name: str) -> None:
    """Show the customer who looks after their account, such as "Maria Virtanen, maria@example.com"."""
    _prepare()
    with base.connection():
        accounts.set_manager(accounts.by_email(email), name)


@main.group("support")
def support_group() -> None:
    """What customers ask."""


@support_group.command("list")
def list_tickets() -> None:
    """Print the tickets that wait for an answer, longest first."""
    _prepare()
    with base.connection():
        for ticket in support.waiting():
            click.echo(f"{ticket.id}  {ticket.since}  {ticket.email}  {ticket.subject}")


@support_group.command("show")
@click.argument("ticket_id")
def show_ticket(ticket_id: str) -> None:
    """Print what was said."""
    _prepare()
    with base.connection():
        found = support.any_ticket(ticket_id)
        about = f", about {found.request_id}" if found.request_id else ""
        click.echo(f"{found.subject} ({found.status}, of {found.account_id}{about})")
        for message in support.messages(found):
            click.echo(f"\n{message.created_at}  {message.author or 'support'}\n{message.body}")


@support_group.command("reply")
@click.argument("ticket_id")
def reply_to_ticket(ticket_id: str) -> None:
    """Answer with what is typed, to the end of input (Ctrl-D)."""
    _prepare()
    with base.connection():
        support.answer(ticket_id, sys.stdin.read().strip())


@main.group()
def user() -> None:
    """People who log in to the dashboard."""


@user.command("reset-password")
@click.argument("email")
def reset_password(email: str) -> None:
    """Print a link with which a user, or the owner of an account without one, chooses a new password."""
    _prepare()
    with base.connection():
        click.echo(users.reset_link(email))


@main.group()
def suppress() -> None:
    """Businesses that must not be leads of any account."""


@suppress.command("add")
@click.argument("kind", type=click.Choice([kind for kind in suppressing.KINDS if kind != "lead"]))
@click.argument("value")
@click.option("--note", help="For you; nobody else sees it.")
def add_suppression(kind: str, value: str, note: str | None) -> None:
    """Suppress a domain, an email address, a phone number or a place; its leads are forgotten at once."""
    _prepare()
    with base.connection():
        made = suppressing.suppress_for_all(kind, value, note)
    click.echo(f"{made.id}: {made.kind} {made.value}, {made.leads_removed} lead(s) forgotten")


@suppress.command("list")
def list_suppressions() -> None:
    """List what is suppressed for all accounts."""
    _prepare()
    with base.connection():
        for made in suppressing.suppressed_for_all():
            click.echo(f"{made.id}  {made.created_at[:10]}  {made.kind}  {made.value}  {made.note or ''}".rstrip())


@suppress.command("remove")
@click.argument("suppression_id")
def remove_suppression(suppression_id: str) -> None:
    """Let a business be found again."""
    _prepare()
    with base.connection():
        suppressing.allow_for_all(suppression_id)


@main.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.argument("email")
@click.option("--name", default="command line", show_default=True)
@click.option("--scope", "scopes", multiple=True, type=click.Choice(api_keys.SCOPES), help="Repeat; all when left out.")
def create_key(email: str, name: str, scopes: tuple[str, ...]) -> None:
    """Make a key and print it, once, alone on the last line."""
    _prepare()
    with base.connection():
        description, secret = api_keys.create(accounts.by_email(email), name, scopes or api_keys.SCOPES)
    click.echo(f"{description.id}: {', '.join(description.scopes)}. The key is shown only now:")
    click.echo(secret)


@main.command("doctor")
def examine() -> None:
    """Check configuration, database, limits, storage, disk, clock and jobs; exit with 1 if something is wrong."""
    well = True
    for found in doctor.examine(_configure()):
        click.echo(f"{'ok   ' if found.ok else 'WRONG'}  {found.part}: {found.message}")
        well = well and found.ok
    sys.exit(0 if well else 1)


@main.group()
def jobs() -> None:
    """Slow work: what waits, runs, or has died, and why."""


@jobs.command("list")
@click.option("--state", type=click.Choice(["queued", "running", "dead"]))
@click.option("--kind", help="Such as run_scan, write_export, deliver_webhook.")
@click.option("--account", "account_", metavar="EMAIL|ID")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with everything that is known.")
def list_jobs(state: str | None, kind: str | None, account_: str | None, limit: int, as_json: bool) -> None:
    """Show jobs, oldest first. One that has finished is gone."""
    _prepare()
    with base.connection():
        rows = job_care.listing(state, kind, _account_id(account_), limit)
    for line in [orjson.dumps(row).decode() for row in rows] if as_json else job_care.table(rows):
        click.echo(line)


@jobs.command("retry")
@click.argument("job_ids", nargs=-1, metavar="[JOB_ID]...")
@click.option("--all-dead", is_flag=True, help="Every dead job, of --kind if that is given.")
@click.option("--kind")
def retry_jobs(job_ids: tuple[str, ...], all_dead: bool, kind: str | None) -> None:
    """Try dead jobs again, with all their attempts."""
    if all_dead == bool(job_ids):
        raise click.UsageError("Name jobs, or give --all-dead.")
    _prepare()
    with base.connection():
        chosen = job_care.dead(kind) if all_dead else job_ids
        _tell_each(chosen, job_care.retry(chosen), "queued again", "not dead, or its work was asked for again")


@jobs.command("cancel")
@click.argument("job_ids", nargs=-1, required=True, metavar="JOB_ID...")
def cancel_jobs(job_ids: tuple[str, ...]) -> None:
    """Remove jobs; what one of them does just now is rolled back."""
    _prepare()
    with base.connection():
        _tell_each(job_ids, job_care.cancel(job_ids), "cancelled", "there is no such job")


@main.command()
@click.option(
    "--forward-to", required=True, metavar="URL", help="Where to send the events, such as http://localhost:3000/hooks."
)
@click.option("--key", required=True, envvar="MAPTARGETER_KEY", help="An API key with the scope webhooks:read.")
@click.option("--url", "api", default="http://127.0.0.1:8080", show_default=True, help="Where MapTargeter is.")
def listen(forward_to: str, key: str, api: str) -> None:
    """Receive your account's events on this machine, with no tunnel."""
    for number in (signal.SIGINT, signal.SIGTERM):  # also where the shell has background commands ignore Ctrl-C
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        listening.Listener(api, key, forward_to, click.echo).run()


@main.command("quickstart")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
def run_quickstart(port: int) -> None:
    """Load and scan the sample city, make a key, and serve. Running it again does no harm."""
    os.environ.setdefault("MAPTARGETER_PUBLIC_URL", f"http://127.0.0.1:{port}")
    settings = _prepare()
    with base.connection():
        if quickstart.needs_places():
            click.echo(_import(quickstart.SAMPLE, "osm").line())
        start = quickstart.prepare(settings.home)
        Worker(HANDLERS).run_until_idle()
        click.echo(quickstart.welcome(start, f"http://127.0.0.1:{port}"))
    sys.exit(server.serve("127.0.0.1", port, 1, on_ready=_say_ready))


def _account_id(given: str | None) -> str | None:
    return accounts.by_email(given).account_id if given and "@" in given else given


def _tell_each(chosen: Sequence[str], done: Sequence[str], yes: str, no: str) -> None:
    """Say what became of each; exit with 1 if something was not done."""
    for job_id in chosen:
        click.echo(f"{job_id}: {yes if job_id in set(done) else no}")
    if len(done) < len(chosen):
        sys.exit(1)


def _import(file: Path, format_: str) -> ImportReport:
    with tqdm(desc=file.name, unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return places.import_file(file, format_, show)


def _say_ready(url: str) -> None:
    click.echo(f"Serving {url} until you press Ctrl-C.")


def _configure() -> config.Settings:
    settings = config.Settings.from_env()
    config.configure(settings)
    base.connect(settings.database_url)
    return settings


def _prepare() -> config.Settings:
    settings = _configure()
    migrations.migrate()
    return settings


def _fail(message: str) -> NoReturn:
    click.echo(f"maptargeter: {message}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
