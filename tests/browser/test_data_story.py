"""From an area drawn on the map to a file on the disk, as a person does it."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core import text
from tests.browser.conftest import PASSWORD
from tests.browser.looking import PHONE, Looker
from tests.platform import Client


def drag(page: Page, over: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw from one place to another, as shares of the width and height of an element."""
    box = over.bounding_box()
    assert box
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=5)
    page.mouse.up()


def figure(part: Locator, name: str) -> int:
    """Return the number under a name."""
    text = part.locator(".figures > div", has_text=name).locator("dd").first.inner_text()
    return int(text.replace(",", ""))


def test_from_a_drawing_to_a_file(stranger: Looker, tmp_path: Path) -> None:
    sign_up(stranger)
    food = scan(stranger)
    found = search(stranger, food)
    export(stranger, found, tmp_path / "leads.csv")
    with (tmp_path / "leads.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found
    assert list(rows[0])[:2] == ["name", "id"]
    assert all("a" in text.fold(row["name"]) and row["phones"] for row in rows)  # ä is found by a, too


def sign_up(looker: Looker) -> None:
    page = looker.page
    looker.go("signup")
    page.get_by_label("Email address").fill("mary@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("link", name="Draw an area").click()


def scan(looker: Looker) -> int:
    """Draw an area, choose what to look for, and scan it; return how many were found."""
    page = looker.page
    counted = page.locator("#estimate")
    drag(page, page.locator("#scan-map"), (0.35, 0.45), (0.7, 0.8))
    expect(counted.locator(".figures")).to_be_visible()
    all_kinds = figure(counted, "Businesses")
    page.get_by_label("Food and drink").check()
    expect(counted.locator("dd").first).not_to_have_text(f"{all_kinds:,}")
    food = figure(counted, "Businesses")
    assert 0 < food < all_kinds
    look(looker, "scan-drawn")
    page.get_by_role("button", name="Start scan").click()
    page.get_by_role("link", name="See these leads").wait_for(timeout=30_000)
    assert figure(page.locator("#progress"), "Found") == food
    look(looker, "scan")
    return food


def search(looker: Looker, food: int) -> int:
    """Filter what the scan found; return how many are left."""
    page = looker.page
    page.get_by_role("link", name="See these leads").click()
    expect(page.locator(".head .hint")).to_have_text(f"{food:,} leads of this search")
    expect(page.locator("#leads-map-note")).to_have_text(re.compile(r"in view"))
    page.get_by_role("link", name="Has phone").click()
    page.get_by_text("Add filter", exact=True).first.click()
    page.get_by_label("What").select_option("name")
    page.get_by_label("How").select_option("contains")
    page.get_by_label("Value").fill("a")
    page.get_by_role("button", name="Add filter").click()
    expect(page.locator(".chip.set", has_text="Name contains a")).to_be_visible()
    found = int(page.locator(".head .hint").inner_text().split()[0].replace(",", ""))
    assert 0 < found < food
    return found


def export(looker: Looker, found: int, file: Path) -> None:
    """Export the search with the name before the id, and save the file."""
    page = looker.page
    page.get_by_role("link", name="Export these").click()
    page.get_by_role("button", name="Move Name up").click()
    page.get_by_role("button", name=f"Export {found}").click()
    with page.expect_download(timeout=30_000) as coming:
        page.get_by_role("link", name="Download").click()
    coming.value.save_as(file)
    look(looker, "export")


def look(looker: Looker, name: str) -> None:
    """Check the page, whose bytes are counted where it is opened by itself, and take a picture."""
    looker.own_bytes = 0
    looker.check()
    looker.shoot(name)


def test_a_scan_is_repeated(looker: Looker) -> None:
    page = looker.page
    looker.go("scans")
    page.locator("main table a").first.click()
    page.get_by_role("navigation", name="Which changes").get_by_role("link", name="New").click()
    expect(page.get_by_role("region", name="Changes").get_by_role("link").first).to_be_visible()
    look(looker, "scan-changes")
    page.get_by_role("link", name="Repeat this scan").click()
    expect(page.locator("#estimate .figures")).to_be_visible()
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Helsinki")
    looker.check()
    looker.shoot("schedule-new")
    page.get_by_label("Thu").check()
    page.get_by_role("button", name="Make schedule").press("Enter")
    expect(page.locator(".head .hint")).to_have_text("Mon, Thu at 03:00, Europe/Helsinki")
    looker.check()
    looker.shoot("schedule")
    page.get_by_role("link", name="Schedules").first.click()
    expect(page.locator("main table time").first).to_contain_text("03:00")  # in the reader's zone
    look(looker, "schedules")
    page.locator("main table a").first.click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").wait_for()


@pytest.mark.parametrize("shape", ["Circle", "Polygon"])
def test_other_shapes_are_drawn_too(looker: Looker, shape: str) -> None:
    page = looker.page
    looker.go("scans/new")
    surface = page.locator("#scan-map")
    page.get_by_role("button", name=shape).click()
    if shape == "Circle":
        drag(page, surface, (0.5, 0.5), (0.6, 0.6))
    else:
        box = surface.bounding_box()
        assert box
        for x, y in ((0.4, 0.4), (0.6, 0.45), (0.5, 0.7), (0.4, 0.4)):
            page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    expect(page.locator("#estimate .figures")).to_be_visible()
    area = page.locator("#area").input_value()
    assert shape.lower() in area


def test_a_lead_is_worked_on(looker: Looker, ada: Client) -> None:
    lead = ada.get("/leads", params={"limit": 1, "fields": "id,name"}).json()["data"][0]
    page = looker.page
    looker.go(f"leads/{lead['id']}")
    looker.check()
    page.get_by_label("Stage").select_option("contacted")
    page.get_by_label("Tags").fill("vip")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".story")).to_contain_text("new → contacted")
    looker.check()
    looker.shoot("lead")
    looker.shoot("lead-phone", size=PHONE, whole=True)
    assert ada.get(f"/leads/{lead['id']}").json()["tags"] == ["vip"]


def test_the_keyboard_is_enough(looker: Looker) -> None:
    """A rectangle cannot be drawn without a pointer, so it can be typed; the rest is reached by tab."""
    page = looker.page
    looker.go("scans/new")
    page.get_by_text("Type the area instead").press("Enter")
    page.get_by_label("Area, as the API takes it").fill('{"bbox": [24.94, 60.168, 24.945, 60.171]}')
    page.keyboard.press("Tab")
    expect(page.locator("#estimate .figures")).to_be_visible()
    looker.go("leads")
    page.get_by_label("Find by name, kind or place").press("Enter")
    page.get_by_text("Saved searches").press("Enter")
    expect(page.get_by_label("Save this search as")).to_be_visible()
