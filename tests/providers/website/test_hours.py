from typing import Any

import opening_hours
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.website import hours

DAY = "https://schema.org/"


def spec(days: Any, opens: Any, closes: Any, **more: str) -> dict[str, Any]:
    return {"dayOfWeek": days, "opens": opens, "closes": closes, **more}


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({"openingHours": ["Mo-Fr 09:00-17:00", "Sa 10:00-14:00"]}, "Mo-Fr 09:00-17:00; Sa 10:00-14:00"),
        ({"openingHours": "Mo,Tu,We 9:00-12:00, Th-Fr 9:00 AM - 5:00 PM"}, "Mo-We 09:00-12:00; Th-Fr 09:00-17:00"),
        ({"openingHours": "Mo-Fr 08:00-18:00; Sa 09:00-13:00"}, "Mo-Fr 08:00-18:00; Sa 09:00-13:00"),
        (
            {
                "openingHoursSpecification": [
                    spec(["Monday", DAY + "Tuesday"], "09:00:00", "5:00 PM"),
                    spec("Saturday", "18:00", "02:00"),
                    spec("Sunday", "00:00", "00:00", validFrom="2024-12-24"),
                ]
            },
            "Mo-Tu 09:00-17:00; Sa 18:00-02:00",
        ),
        ({"openingHoursSpecification": spec(list(hours.DAYS[:7]), "00:00", "23:59")}, "24/7"),
        (
            {"openingHoursSpecification": [spec("Mo", "14:00", "18:00"), spec("Mo", "08:00", "12:00")]},
            "Mo 08:00-12:00,14:00-18:00",
        ),
    ],
)
def test_hours_are_written_as_openstreetmap_does(node: dict[str, Any], text: str) -> None:
    assert hours.of_item(node) == text


@pytest.mark.parametrize("node", [{}, {"openingHours": "Mo-Su"}, {"openingHours": ["call us"]}])
def test_what_says_no_times_gives_none(node: dict[str, Any]) -> None:
    assert hours.of_item(node) is None


@given(st.lists(st.text(alphabet="MoTuFrSa-,;: 0123456789apm", max_size=60), max_size=5))
def test_whatever_comes_out_is_valid(stated: list[str]) -> None:
    found = hours.of_item({"openingHours": stated})
    assert found is None or opening_hours.validate(found)
