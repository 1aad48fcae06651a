"""Who is next: the order in which jobs that may run are taken.

Start-time fair queueing (Goyal, Vin, Cheng 1996): a job that may run takes a ``turn`` in the line of its kind and
priority, one after the last of its own account but never before the head of the line. So an account with a million
jobs and one with ten alternate, and claiming is still reading one index from its start. A turn cannot help while all
places are held by slow jobs of one account: that is what ``Share`` is for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from models import base

SWEEP = 500
"""At most so many jobs whose time has come are put in line by one claim."""

_NOBODY = "-"  # no account has this id


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a kind one account may hold: ``most`` jobs at once, of which it has ``running`` already."""

    most: int
    running: Mapping[str, int] = field(default_factory=dict)

    def left(self, account_id: str) -> int:
        """Return how many more; jobs of no account are not counted."""
        return self.most - self.running.get(account_id, 0) if account_id else self.most


@dataclass(frozen=True, slots=True)
class Head:
    """A job near the front of its line."""

    priority: int
    id: str
    account_id: str


def choose(lines: Sequence[Sequence[tuple[int, str]]], batch: int) -> list[str]:
    """Pick up to ``batch`` ids from lines of (priority, id), each line already in its own order.

    Among equal priorities the lines give one each in turn.
    """
    order = sorted(
        (-priority, place, number, job_id)
        for number, line in enumerate(lines)
        for place, (priority, job_id) in enumerate(line)
    )
    return [job_id for *_, job_id in order[:batch]]


def heads(kind: str, number: int, share: Share | None = None) -> list[tuple[int, str]]:
    """Return (priority, id) of up to ``number`` jobs to take next, in order, leaving out what exceeds the share.

    Where the front of the line belongs to accounts that have their share, the first of each other account follows.
    """
    front = _front(kind, number)
    if share is None:
        return [(head.priority, head.id) for head in front]
    fit, full = within(front, share)
    if len(front) == number > len(fit):
        known = {head.id for head in front}
        others = [head for head in _firsts(kind, full, number) if head.id not in known]
        fit += others
    return [(head.priority, head.id) for head in fit[:number]]


def within(line: Sequence[Head], share: Share) -> tuple[list[Head], set[str]]:
    """Return those of a line that fit the share, and the accounts that have no more left."""
    taken: dict[str, int] = {}
    fit = []
    for head in line:
        if not head.account_id or taken.get(head.account_id, 0) < share.left(head.account_id):
            taken[head.account_id] = taken.get(head.account_id, 0) + 1
            fit.append(head)
    accounts = {head.account_id for head in line if head.account_id} | {name for name in share.running if name}
    return fit, {name for name in accounts if taken.get(name, 0) >= share.left(name)}


def turns(lines: Iterable[tuple[str, int, str]]) -> list[int]:
    """Give each (kind, priority, account) its turn, in order."""
    following: dict[tuple[str, int, str], int] = {}
    given = []
    for line in lines:
        turn = following[line] if line in following else _next_turn(*line)
        following[line] = turn + 1
        given.append(turn)
    return given


def line_up(moment: str) -> None:
    """Put jobs whose time has come in line."""
    text = base.written(
        "SELECT id, kind, priority, account_id FROM job WHERE state = 'queued' AND turn IS NULL AND run_at <= ?"
        " ORDER BY run_at LIMIT ? FOR UPDATE SKIP LOCKED"
    )
    due = base.rows(text, (moment, SWEEP))
    if due:
        given = turns((kind, priority, account_id) for _, kind, priority, account_id in due)
        values = tuple(value for row, turn in zip(due, given, strict=True) for value in (row[0], turn))
        text = "UPDATE job SET turn = v.column2 FROM (VALUES (...)) AS v WHERE job.id = v.column1"
        base.change(text, values, columns=2, rows=len(due))


def _next_turn(kind: str, priority: int, account_id: str) -> int:
    found = base.rows(
        "SELECT (SELECT turn FROM job WHERE kind = ? AND priority = ? AND turn IS NOT NULL ORDER BY turn LIMIT 1),"
        " (SELECT turn FROM job WHERE kind = ? AND priority = ? AND account_id = ? AND turn IS NOT NULL"
        " ORDER BY turn DESC LIMIT 1)",
        (kind, priority, kind, priority, account_id),
    )
    head, last = found[0]
    return max(0 if head is None else int(head), 0 if last is None else int(last) + 1)


def _front(kind: str, number: int) -> list[Head]:
    text = base.written(
        "SELECT priority, id, account_id FROM job WHERE kind = ? AND turn IS NOT NULL"
        " ORDER BY priority DESC, turn, id LIMIT ? FOR UPDATE SKIP LOCKED"
    )
    return [Head(*row) for row in base.rows(text, (kind, number))]


def _firsts(kind: str, full: set[str], number: int) -> list[Head]:
    """Return the first job of up to ``number`` accounts that still have some of their share left.

    Hops from account to account in the index: a million waiting jobs of one cost no more than one.
    """
    text = base.written(
        "WITH RECURSIVE hop (account_id) AS ("
        " SELECT min(account_id) FROM job WHERE kind = ? AND turn IS NOT NULL UNION ALL"
        " SELECT (SELECT min(account_id) FROM job WHERE kind = ? AND turn IS NOT NULL"
        " AND account_id > hop.account_id) FROM hop WHERE hop.account_id IS NOT NULL)"
        " SELECT (SELECT id FROM job WHERE kind = ? AND account_id = hop.account_id AND turn IS NOT NULL"
        " ORDER BY priority DESC, turn, id LIMIT 1) FROM hop WHERE account_id NOT IN (...)",
        columns=len(full) + 1,
    )
    found = base.rows(text, (kind, kind, kind, _NOBODY, *sorted(full)))
    names = [job_id for (job_id,) in found if job_id]
    if not names:
        return []
    text = base.written(
        "SELECT priority, id, account_id FROM job WHERE id IN (...) AND turn IS NOT NULL"
        " ORDER BY priority DESC, turn, id LIMIT ? FOR UPDATE SKIP LOCKED",
        columns=len(names),
    )
    return [Head(*row) for row in base.rows(text, (*names, number))]
