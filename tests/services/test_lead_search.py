"""What filters find and in which order, on both databases, against a naive reading of the grammar."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import geo
from core.errors import InvalidInput
from models import base, lead_query
from models.lead_query import Order, Search
from services import filters, leads
from services.accounts import Caller
from tests.leads import account
from tests.naive_leads import DOCUMENTS, Document, Rows, expected, stock

pytestmark = pytest.mark.usefixtures("database")
READ_ONLY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
FEWER = settings(READ_ONLY, max_examples=25)  # each example is a walk of many queries


@pytest.fixture
def alice() -> Caller:
    return account()


@pytest.fixture
def rows(alice: Caller) -> Rows:
    return stock(alice)


def search(caller: Caller, document: Document) -> Search:
    parsed = filters.parse(document)
    return Search(caller.account_id, caller.account_number, parsed.gone, parsed.where)


@READ_ONLY
@given(document=DOCUMENTS)
def test_a_filter_finds_what_a_naive_reading_finds(document: Document, alice: Caller, rows: Rows) -> None:
    wanted = expected(document, rows)
    parsed = filters.parse(document)
    page = leads.list_leads(alice, filters=parsed, fields=["id"], limit=200)
    assert [row["id"] for row in page.rows] == wanted
    assert (page.total.value, page.total.relation) == (len(wanted), "eq")
    assert leads.count(alice, parsed) == len(wanted)


@READ_ONLY
@given(document=DOCUMENTS, column=st.sampled_from(["name_key", "changed_at"]), few=st.booleans(), down=st.booleans())
def test_another_order_finds_the_same(
    document: Document, column: str, few: bool, down: bool, alice: Caller, rows: Rows
) -> None:
    columns = ["lead.id", f"lead.{column}", "lead.number"]
    found = lead_query.ordered(search(alice, document), columns, Order(column, down), 200, None, few=few)
    assert sorted(row[0] for row in found) == sorted(expected(document, rows))
    assert [row[1:] for row in found] == sorted((row[1:] for row in found), reverse=down)


@FEWER
@given(document=st.just({}) | DOCUMENTS, few=st.booleans(), limit=st.integers(10, 60))
def test_the_nearest_come_first_however_many_there_are(
    document: Document, few: bool, limit: int, alice: Caller, rows: Rows
) -> None:
    origin = 60.51, 24.49
    found: list[Any] = []
    after = None
    wanted = search(alice, document)
    while more := lead_query.nearest(wanted, ["lead.number", "lead.id"], origin, limit, after, few=few):
        found += more
        after = more[-1][0], more[-1][1]
    assert [row[:2] for row in found] == sorted(row[:2] for row in found)
    assert sorted(row[2] for row in found) == sorted(expected(document, rows))
    place = {row["id"]: (row["lat"], row["lon"]) for row in rows}
    assert all(row[0] == pytest.approx(geo.haversine_m(*place[row[2]], *origin), abs=1e-3) for row in found)


CORNERS = st.tuples(st.integers(-8, 8), st.integers(-8, 8)).map(lambda corner: (24 + corner[0] / 8, 60 + corner[1] / 8))


@READ_ONLY
@given(
    corners=st.lists(CORNERS, min_size=3, max_size=9, unique=True), points=st.lists(CORNERS, min_size=1, max_size=20)
)
def test_a_polygon_holds_the_same_points_in_the_database(
    corners: list[tuple[float, float]], points: list[tuple[float, float]]
) -> None:
    polygon = {"type": "Polygon", "coordinates": [[list(corner) for corner in (*corners, corners[0])]]}
    try:
        area = geo.Area.from_json({"polygon": polygon})
    except InvalidInput:
        return
    inside, values = filters.parse({"location": {"within": {"polygon": polygon}}}).where.sql()
    point = "(SELECT CAST(? AS double precision) AS lat, CAST(? AS double precision) AS lon) AS lead"
    for lon, lat in points:
        [[found]] = base.rows(" ".join(("SELECT count(*) FROM", point, "WHERE", inside)), (lat, lon, *values))
        assert bool(found) == area.contains(lat, lon)
