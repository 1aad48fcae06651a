"""What all processes on all machines counted together; see ``core.meters``. It only grows."""

from collections.abc import Mapping

import orjson
import peewee

from core.meters import Key
from models import base


class Counter(base.Model):
    """``labels`` is a JSON list of [name, value], sorted by name."""

    name = peewee.CharField(max_length=80)
    labels = peewee.CharField(max_length=500)
    value = peewee.DoubleField()

    class Meta:
        primary_key = peewee.CompositeKey("name", "labels")


TABLES: tuple[type[base.Model], ...] = (Counter,)


def add(counted: Mapping[Key, float]) -> None:
    """Add to the counters, in one order for everybody so that two who add do not wait for each other crosswise."""
    lines = sorted((name, orjson.dumps(labels).decode(), value) for (name, labels), value in counted.items())
    for chunk in peewee.chunked(lines, 200):
        text = base.written(
            "INSERT INTO counter (name, labels, value) VALUES (...) ON CONFLICT (name, labels)"
            " DO UPDATE SET value = counter.value + excluded.value",
            columns=3,
            rows=len(chunk),
        )
        base.database.execute_sql(base.portable(text), tuple(value for line in chunk for value in line))


def all_counters() -> dict[Key, float]:
    """Return every counter."""
    found = base.rows("SELECT name, labels, value FROM counter")
    return {(name, tuple((key, text) for key, text in orjson.loads(labels))): value for name, labels, value in found}
