"""Read, write and list objects in S3."""

import hashlib
import mimetypes
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import IO, TYPE_CHECKING, Any, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from aws.stored import NOT_THERE, read, read_with_etag, s3
from contract.job import Job, job_from_json
from contract.layout import STATUS_JSON, STATUS_TEXT, job_json_key
from pipeline.files import UploadedFile, is_too_large, sample_range
from pipeline.status import Status, status_from_json

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

TEXT = "text/plain; charset=utf-8"
CHUNK_BYTES = 2**20
# Copies with this tag are deleted after a while, by a rule of the bucket.
INPUT_TAG = "codefree-automl=input"
# What S3 copies in one request; more is copied in parts.
LARGEST_COPY = 5 * 10**9
COPYING = TransferConfig(multipart_chunksize=256 * 2**20, max_concurrency=32)
LONGEST_PAUSE_SECONDS = 0.1
WRITTEN_MEANWHILE = ("PreconditionFailed", "ConditionalRequestConflict", *NOT_THERE)


def fetch_head(bucket: str, key: str) -> UploadedFile | None:
    """Get the object's metadata and the sample at its head; None when the key does not exist."""
    return _fetch(bucket, key, sample_range(key))


def fetch(bucket: str, key: str, most_bytes: int) -> UploadedFile | None:
    """Get the object's metadata and its content, which is not whole if there are more bytes."""
    return _fetch(bucket, key, f"bytes=0-{most_bytes - 1}")


def _fetch(bucket: str, key: str, byte_range: str) -> UploadedFile | None:
    try:
        found: Mapping[str, Any] = s3.get_object(Bucket=bucket, Key=key, Range=byte_range)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in NOT_THERE:
            return None
        if code != "InvalidRange":
            raise
        # S3 has no first byte of an empty object to give.
        found = s3.get_object(Bucket=bucket, Key=key)
    size = int(found.get("ContentRange", f"/{found['ContentLength']}").rsplit("/", 1)[1])
    return UploadedFile(
        key=key,
        size=size,
        etag=found["ETag"].strip('"'),
        version=found.get("VersionId") or f"{found['ETag']}{found['LastModified']}",
        uploaded=found["LastModified"].isoformat(),
        sample=b"" if is_too_large(key, size) else found["Body"].read(),
    )


def newest_first(bucket: str, keys: Sequence[str]) -> list[str]:
    """Return the existing keys among `keys` (same stem, different suffix), newest first."""
    if not keys:
        return []
    stem = keys[0].rpartition(".")[0]
    there = {entry["Key"]: entry["LastModified"] for entry in _listed(bucket, f"{stem}.")}
    return sorted((key for key in keys if key in there), key=lambda key: there[key], reverse=True)


def sample(bucket: str, key: str) -> bytes | None:
    """Get the sample of an upload, which may be of any size; None when the key does not exist."""
    found = fetch_head(bucket, key)
    return found.sample if found else None


def read_job(bucket: str, name: str) -> Job:
    """Read a job's job.json; raises LookupError when it is gone."""
    content = read(bucket, job_json_key(name))
    if content is None:
        raise LookupError(f"{job_json_key(name)} is not in the bucket")
    return job_from_json(content)


def put(bucket: str, key: str, content: bytes, content_type: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)


def put_if_unchanged(
    bucket: str, key: str, content: bytes, content_type: str, etag: str | None
) -> bool:
    """Write the object if its ETag is still `etag` (None: if it still does not exist).

    Returns False, without writing, when another writer was faster.
    """
    condition: dict[str, Any] = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type, **condition)
    except ClientError as error:
        if error.response["Error"]["Code"] in WRITTEN_MEANWHILE:
            return False
        raise
    return True


def tries(most: int | None = None) -> Iterator[None]:
    """Pauses between tries to write what others write, too: at a time one of them gets through.

    Without `most` there is no end, and Lambda bounds the time.
    """
    for _ in count() if most is None else range(most):
        yield
        time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))


def put_newest(
    bucket: str,
    key: str,
    content_type: str,
    make: Callable[[], bytes],
    most_tries: int | None = None,
) -> bool:
    """Write what `make` makes of other objects; False when others write it all the time.

    It is looked at before they are, so that nothing made of older ones replaces it.
    """
    for _ in tries(most_tries):
        before, etag = read_with_etag(bucket, key)
        after = make()
        if after == before or put_if_unchanged(bucket, key, after, content_type, etag):
            return True
    return False


def copy_if_unchanged(bucket: str, source: str, etag: str, key: str, size: int) -> bool:
    """Copy an object within S3 if its ETag is still `etag`; False when it is not, or is gone."""
    from_object: Any = {"Bucket": bucket, "Key": source}
    unchanged: Any = {
        "CopySourceIfMatch": f'"{etag}"',
        "TaggingDirective": "REPLACE",
        "Tagging": INPUT_TAG,
    }
    try:
        if size <= LARGEST_COPY:
            s3.copy_object(Bucket=bucket, Key=key, CopySource=from_object, **unchanged)
        else:
            s3.copy(from_object, bucket, key, ExtraArgs=unchanged, Config=COPYING)
    except ClientError as error:
        if error.response["Error"]["Code"] in (*WRITTEN_MEANWHILE, "412"):
            return False
        raise
    return True


def sizes(bucket: str, prefix: str) -> dict[str, int]:
    """Return key → size in bytes of every object below a prefix."""
    return {entry["Key"]: entry["Size"] for entry in _listed(bucket, prefix)}


def stream(bucket: str, key: str, start: int = 0, end: int | None = None) -> IO[bytes]:
    """Open the object as a stream that can be read once, forwards; or its bytes up to `end`."""
    part: Any = {} if end is None else {"Range": f"bytes={start}-{end - 1}"}
    return cast(IO[bytes], s3.get_object(Bucket=bucket, Key=key, **part)["Body"])


def end(bucket: str, key: str, most_bytes: int) -> bytes:
    """Get the last bytes of an object that is not empty."""
    return s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=-{most_bytes}")["Body"].read()


def upload(bucket: str, key: str, content: IO[bytes]) -> None:
    """Upload a stream of any length; the key's suffix sets the content type."""
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    forwards = cast(IO[bytes], _Forwards(content))
    s3.upload_fileobj(forwards, bucket, key, ExtraArgs={"ContentType": kind})


def copy(bucket: str, source: str, key: str) -> str:
    """Copy an object of any length; returns the SHA-256 of what was copied, in hex."""
    hashed = _Hashed(stream(bucket, source))
    upload(bucket, key, cast(IO[bytes], hashed))
    return hashed.digest.hexdigest()


def sha256(bucket: str, key: str) -> str:
    """Return the SHA-256 of an object of any length, in hex."""
    hashed = _Hashed(stream(bucket, key))
    while hashed.read(CHUNK_BYTES):
        pass
    return hashed.digest.hexdigest()


class _Hashed:
    """A stream whose digest is that of all that was read from it."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        # The body of a response takes None for everything, and no negative number.
        chunk = self._content.read() if size < 0 else self._content.read(size)
        self.digest.update(chunk)
        return chunk


class _Forwards:
    """A stream without `seek`, because a member of a tar stream fails on it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.read = stream.read


def _listed(bucket: str, prefix: str) -> Iterator["ObjectTypeDef"]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_status(bucket: str, prefix: str) -> Status | None:
    content = read(bucket, f"{prefix}{STATUS_JSON}")
    return None if content is None else status_from_json(content)


def write_status(bucket: str, status: Status) -> None:
    """Write STATUS.txt, then status.json, whose existence marks that both are complete."""
    updated = now()
    put(bucket, f"{status.prefix}{STATUS_TEXT}", status.to_text(updated), TEXT)
    put(bucket, f"{status.prefix}{STATUS_JSON}", status.to_json(updated), "application/json")
