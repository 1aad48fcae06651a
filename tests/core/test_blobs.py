"""Blobs appear whole or not at all, in a folder and in a real S3 store alike."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from core import blobs, clock
from core.blobs import Store
from core.errors import NotFound, Unavailable
from tests.core.receivers import Peer, receiver
from tests.platform import free_port, wait_until

CONTENT = os.urandom(blobs.CHUNK_BYTES * 2 + 17)
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "only-on-loopback"}


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real S3 server on loopback that knows one key."""
    folder = tmp_path_factory.mktemp("s3")
    port = free_port()
    command = [
        str(Path(sys.executable).parent / "weed"), "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-s3.port={port}", "-bucket=blobs", "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0",
        *(f"-{part}.port={free_port()}" for part in ("filer", "master", "volume", "admin", "webdav")),
        *(f"-{part}.port.grpc={free_port()}" for part in ("s3", "filer", "master", "volume", "admin")),
    ]  # fmt: skip
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, env={**os.environ, **CREDENTIALS})

    def answers() -> bool:
        assert server.poll() is None, log.read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{port}/blobs?list-type=2", timeout=2).status_code == 403
        except httpx.TransportError:
            return False

    wait_until(answers, 40, log.read_text)
    yield f"s3://blobs/some/prefix?endpoint=http://127.0.0.1:{port}"
    server.kill()
    server.wait()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "folder":
        return blobs.open_store(f"file://{tmp_path}/blobs")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return blobs.open_store(request.getfixturevalue("s3_url"))


def break_off(store: Store, key: str) -> None:
    with store.create(key) as file:
        file.write(CONTENT)
        raise ZeroDivisionError


def put(store: Store, key: str, content: bytes = CONTENT) -> None:
    with store.create(key) as file:
        for start in range(0, len(content), 100_000):
            file.write(content[start : start + 100_000])


def test_what_was_written_is_read(store: Store) -> None:
    put(store, "exports/a.csv")
    assert b"".join(store.read("exports/a.csv")) == CONTENT
    assert store.size("exports/a.csv") == len(CONTENT)
    assert store.exists("exports/a.csv")
    assert not store.exists("exports")


def test_an_empty_blob_is_a_blob(store: Store) -> None:
    put(store, "empty", b"")
    assert store.size("empty") == 0
    assert b"".join(store.read("empty")) == b""


@pytest.mark.parametrize(("offset", "length"), [(0, 10), (5, 0), (100, None), (len(CONTENT) - 3, 50), (10**9, None)])
def test_a_part_can_be_read(store: Store, offset: int, length: int | None) -> None:
    put(store, "part")
    end = None if length is None else offset + length
    assert b"".join(store.read("part", offset, length)) == CONTENT[offset:end]


def test_a_large_blob_goes_up_in_parts(store: Store) -> None:
    content = os.urandom(blobs.PART_BYTES + 1000)
    put(store, "large", content)
    assert b"".join(store.read("large")) == content


def test_what_breaks_off_was_never_there(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        break_off(store, "half")
    assert not store.exists("half")


def test_until_it_is_whole_the_old_one_stays(store: Store) -> None:
    put(store, "twice", b"old")
    with pytest.raises(ZeroDivisionError):
        break_off(store, "twice")
    assert b"".join(store.read("twice")) == b"old"
    put(store, "twice", b"new")
    assert b"".join(store.read("twice")) == b"new"


def test_deleting_is_final_and_repeatable(store: Store) -> None:
    put(store, "short-lived", b"x")
    store.delete("short-lived")
    store.delete("short-lived")
    assert not store.exists("short-lived")
    with pytest.raises(NotFound):
        store.read("short-lived")
    with pytest.raises(NotFound):
        store.size("short-lived")


def test_what_is_in_a_folder(store: Store) -> None:
    for key in ("list/a/1", "list/a/2.csv", "list/ab", "list/b/1"):
        put(store, key, b"x")
    assert sorted(store.list("list/a")) == ["list/a/1", "list/a/2.csv"]
    store.delete("list/a/1")
    store.delete("list/a/2.csv")
    assert list(store.list("list/a")) == list(store.list("list/never")) == []


def test_what_was_left_half_done_is_swept_and_nothing_else(store: Store) -> None:
    put(store, "sweep/whole", b"x")
    left = store.create("sweep/half")
    left.__enter__().write(CONTENT)
    while store.sweep(clock.now() - timedelta(days=1)):
        pytest.fail("somebody may still be writing to it")
    assert store.sweep(clock.now() + timedelta(days=1)) == 1
    assert store.sweep(clock.now() + timedelta(days=1)) == 0
    assert list(store.list("sweep")) == ["sweep/whole"]


def test_no_room_is_told_as_such(tmp_path: Path) -> None:
    store = blobs.open_store(f"file://{tmp_path}")
    full = pytest.raises(Unavailable, match="full")
    with full, store.create("a") as file, Path("/dev/full").open("wb", buffering=0) as disk:
        file.write(b"x")
        disk.write(b"x")  # raises what a full disk does
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a b", "ä", "x" * 600])
def test_only_plain_keys(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="not a blob key"):
        store.exists(key)


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    store = blobs.open_store(f"file://{tmp_path}")
    with pytest.raises(ZeroDivisionError):
        break_off(store, "a/half")
    put(store, "a/whole")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["whole"]


def test_a_store_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    store = blobs.open_store(f"s3://blobs/x?endpoint=http://127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable):
        store.size("a")


def goes_away(peer: Peer) -> None:
    """An S3 store that begins an upload and is never heard of again."""
    while b"?uploads" in peer.read():
        peer.answer(b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
    peer.reset()


def test_a_store_that_goes_away_while_it_is_written_to_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with receiver(goes_away) as server:
        store = blobs.open_store(f"s3://blobs?endpoint=http://{server.host}:{server.port}")
        with pytest.raises(Unavailable):
            put(store, "lost")
        with pytest.raises(ZeroDivisionError):
            break_off(store, "lost")


def test_a_store_is_made_once() -> None:
    assert blobs.open_store("file:///tmp/x") is blobs.open_store("file:///tmp/x")


@pytest.mark.parametrize("url", ["ftp://x", "s3://", "/var/blobs", "file://host/x"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="MAPTARGETER_BLOBS_URL"):
        blobs.open_store(url)
