"""Files that outlive a request, such as exports: in a folder, or in any S3 store.

A blob appears whole or not at all. In a folder it is written beside its place, flushed to disk, and renamed; in S3 a
multipart upload is completed at the end, or aborted. What a killed process leaves half done is swept later.
"""

import contextlib
import errno
import functools
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from core.errors import NotFound, Unavailable

CHUNK_BYTES = 256 * 1024
PART_BYTES = 8 * 1024 * 1024  # S3 wants at least 5 MiB for all parts but the last
_DRAFT = ".part"
_FULL = {errno.ENOSPC, errno.EDQUOT}
_KEY = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")


class Writer(Protocol):
    def write(self, data: bytes, /) -> object: ...


class Store(Protocol):
    """Blobs by key. Keys are relative paths of letters, digits, ``.``, ``_`` and ``-``; ValueError for others."""

    def create(self, key: str) -> AbstractContextManager[Writer]:
        """Write a blob. It appears, in place of an older one, when the block ends, and not if it raises.

        Raise Unavailable, from the block too, if there is no room for it or the store does not answer.
        """

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield ``length`` bytes from ``offset``, or all that follow. Raise NotFound at once."""

    def size(self, key: str) -> int:
        """Return the bytes of a blob; raise NotFound."""

    def exists(self, key: str) -> bool: ...

    def delete(self, key: str) -> None:
        """Remove a blob if it is there."""

    def list(self, folder: str) -> Iterator[str]:
        """Give the keys that begin with ``folder`` and a slash."""

    def sweep(self, before: datetime) -> int:
        """Remove what was begun and not written to since ``before``; return how many there were."""


@functools.cache  # an S3 client takes a quarter of a second to make, and threads may share it
def open_store(url: str) -> Store:
    """Return the store at ``file:///folder`` or ``s3://bucket/prefix?endpoint=...&region=...``.

    S3 credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Raise ValueError for another URL.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc:
        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        return S3Store(parts.netloc, unquote(parts.path).strip("/"), options.get("endpoint"), options.get("region"))
    raise ValueError("MAPTARGETER_BLOBS_URL: use file:///folder or s3://bucket/prefix?endpoint=https://host")


class FolderStore:
    """Blobs as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def create(self, key: str) -> Iterator[Writer]:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}{_DRAFT}")
        try:
            with draft.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            _flush_folder(path.parent)
        except OSError as error:
            if error.errno in _FULL:
                raise Unavailable("The file store is full.", 60) from error
            raise
        finally:
            draft.unlink(missing_ok=True)

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        try:
            file = self._path(key).open("rb")
        except FileNotFoundError:
            raise NotFound(f"There is no file {key}.") from None
        file.seek(offset)
        return _pieces(file, length)

    def size(self, key: str) -> int:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            raise NotFound(f"There is no file {key}.") from None

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        path = self._path(key)
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty, or gone already
            path.parent.rmdir()

    def list(self, folder: str) -> Iterator[str]:
        for path in sorted(self._path(folder).rglob("*")):
            if path.is_file() and path.suffix != _DRAFT:
                yield str(path.relative_to(self._folder))

    def sweep(self, before: datetime) -> int:
        left = [path for path in self._folder.rglob(f"*{_DRAFT}") if _changed_at(path) < before.timestamp()]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)


class S3Store:
    """Blobs as objects in a bucket. A store that does not answer is Unavailable."""

    def __init__(self, bucket: str, prefix: str, endpoint: str | None, region: str | None) -> None:
        import boto3  # a second to import, and only those with an S3 store need it
        from botocore.config import Config

        options = Config(
            connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 3},
            s3={"addressing_style": "path"}, request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )  # fmt: skip
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._client = boto3.client("s3", endpoint_url=endpoint, region_name=region or "us-east-1", config=options)

    @contextmanager
    def create(self, key: str) -> Iterator[Writer]:
        with _translated(key):
            upload = _Upload(self._client, {"Bucket": self._bucket, "Key": self._name(key)})
            try:
                yield upload
            except BaseException:
                with contextlib.suppress(Unavailable, NotFound), _translated(key):
                    upload.abort()
                raise
            upload.complete()

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        if length == 0 or (offset and offset >= self.size(key)):
            return iter(())
        last = "" if length is None else str(offset + length - 1)
        span = {} if not offset and length is None else {"Range": f"bytes={offset}-{last}"}
        with _translated(key):
            body = self._client.get_object(Bucket=self._bucket, Key=self._name(key), **span)["Body"]
        return _pieces(body, None)

    def size(self, key: str) -> int:
        with _translated(key):
            return int(self._client.head_object(Bucket=self._bucket, Key=self._name(key))["ContentLength"])

    def exists(self, key: str) -> bool:
        try:
            self.size(key)
        except NotFound:
            return False
        return True

    def delete(self, key: str) -> None:
        with _translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def list(self, folder: str) -> Iterator[str]:
        start = f"{self._name(folder)}/"
        with _translated(folder):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start):
                yield from (found["Key"][len(self._prefix) :] for found in page.get("Contents", ()))

    def sweep(self, before: datetime) -> int:
        with _translated("uploads"):
            pages = self._client.get_paginator("list_multipart_uploads")
            found = pages.paginate(Bucket=self._bucket, Prefix=self._prefix)
            left = [each for page in found for each in page.get("Uploads", ()) if each["Initiated"] < before]
            for upload in left:
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return len(left)

    def _name(self, key: str) -> str:
        return self._prefix + checked(key)


class _Upload:
    """One multipart upload: parts are sent as they fill, so memory holds one of them."""

    def __init__(self, client: Any, target: dict[str, str]) -> None:
        self._client, self._target = client, target
        self._id = client.create_multipart_upload(**target)["UploadId"]
        self._parts: list[dict[str, Any]] = []
        self._buffer = bytearray()

    def write(self, data: bytes, /) -> None:
        self._buffer += data
        while len(self._buffer) >= PART_BYTES:
            self._send(bytes(self._buffer[:PART_BYTES]))
            del self._buffer[:PART_BYTES]

    def complete(self) -> None:
        if self._buffer or not self._parts:
            self._send(bytes(self._buffer))
        self._client.complete_multipart_upload(
            **self._target, UploadId=self._id, MultipartUpload={"Parts": self._parts}
        )

    def abort(self) -> None:
        self._client.abort_multipart_upload(**self._target, UploadId=self._id)

    def _send(self, data: bytes) -> None:
        number = len(self._parts) + 1
        sent = self._client.upload_part(**self._target, UploadId=self._id, PartNumber=number, Body=data)
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})


def checked(key: str) -> str:
    """Return ``key``; raise ValueError unless it is a plain relative path."""
    if not _KEY.fullmatch(key) or len(key) > 512:
        raise ValueError(f"not a blob key: {key[:64]!r}")
    return key


def _pieces(file: Any, length: int | None) -> Iterator[bytes]:
    with contextlib.closing(file):
        left = length
        while left is None or left > 0:
            piece = file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not piece:
                return
            left = None if left is None else left - len(piece)
            yield piece


def _changed_at(path: Path) -> float:
    """Return when a file was written to last; one that is gone by now was written to just now."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _flush_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _translated(key: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if status == 404:
            raise NotFound(f"There is no file {key}.") from error
        raise Unavailable(f"The file store refused: {error.response.get('Error', {}).get('Code')}.", 5) from error
    except BotoCoreError as error:
        raise Unavailable("The file store does not answer. Try again in a few seconds.", 5) from error
