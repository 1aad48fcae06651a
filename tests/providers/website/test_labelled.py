"""The aims for what is read hold on the labelled pages, held-out ones included."""

import pytest

from benchmarks.enrichment import AIMS, FIELDS, Score, load, score

PAGES = load()


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    return score(PAGES)


def test_the_set_is_large_and_mixed_enough() -> None:
    held_out = sum(page.labels["held_out"] for page in PAGES)

    assert len(PAGES) >= 60
    assert held_out >= len(PAGES) // 3
    assert len({page.labels["country"] for page in PAGES}) >= 8


@pytest.mark.parametrize("field", FIELDS)
def test_the_aims_hold(scores: dict[str, Score], field: str) -> None:
    precision, recall = AIMS.get(field, (0.95, 0.95))

    assert scores[field].right >= 5
    assert scores[field].precision >= precision
    assert scores[field].recall >= recall
