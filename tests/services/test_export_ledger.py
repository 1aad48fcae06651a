"""Which leads an export covered, and cutting leads into files."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core import blobs, ids
from services import export_ledger
from services.export_batch import Batch
from services.export_cut import Cutter


def test_a_ledger_knows_its_leads_and_no_others(tmp_path: Path) -> None:
    store = blobs.open_store(f"file://{tmp_path}")
    mine, more, others = ([ids.new("lead") for _ in range(50_000)] for _ in range(3))
    with store.create("first") as file:
        export_ledger.note(file, mine[:3])
        export_ledger.note(file, mine[3:])
    with store.create("second") as file:
        export_ledger.copy(store, "first", file)
        export_ledger.note(file, more)
    first, second = export_ledger.load(store, "first"), export_ledger.load(store, "second")
    assert not any(first.lacks(mine))
    assert all(first.lacks(more))
    assert not any(second.lacks(mine + more))
    assert all(second.lacks(others))
    assert second.lacks([others[0], mine[0]]) == [True, False]


def test_an_empty_ledger_lacks_everything(tmp_path: Path) -> None:
    store = blobs.open_store(f"file://{tmp_path}")
    with store.create("none"):
        pass
    assert export_ledger.load(store, "none").lacks([ids.new("lead")]) == [True]


@given(st.lists(st.integers(1, 20), max_size=10), st.integers(1, 25) | st.none())
def test_files_hold_all_leads_in_order_and_none_too_many(sizes: list[int], most: int | None) -> None:
    total = sum(sizes)
    numbers = iter(range(total))
    batches = (Batch(("n",), [tuple(next(numbers) for _ in range(size))]) for size in sizes)
    cutter = Cutter(batches, most)
    files = [[number for batch in cutter.take() for number in batch.column("n")]]
    while cutter.more():
        files.append([number for batch in cutter.take() for number in batch.column("n")])
    assert [number for file in files for number in file] == list(range(total))
    if most is not None:
        assert all(len(file) == most for file in files[:-1])
        assert len(files[-1]) <= most
    else:
        assert len(files) == 1
