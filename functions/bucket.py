"""The few things the functions do with S3."""

import json
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from automl.files import UploadedFile, is_too_large, sample_range
from automl.status import Status, status_from_json
from clients import client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

s3: "S3Client" = client("s3")
NOT_THERE = ("NoSuchKey", "404", "NotFound")
WRITTEN_MEANWHILE = ("PreconditionFailed", "ConditionalRequestConflict", *NOT_THERE)


def look(bucket: str, key: str) -> UploadedFile | None:
    """The object as it is now, with its sample; None when there is none."""
    try:
        found: Mapping[str, Any] = s3.get_object(Bucket=bucket, Key=key, Range=sample_range(key))
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
    """Those of the keys, which differ in their endings only, that there are."""
    if not keys:
        return []
    stem = keys[0].rpartition(".")[0]
    there = {entry["Key"]: entry["LastModified"] for entry in _listed(bucket, f"{stem}.")}
    return sorted((key for key in keys if key in there), key=lambda key: there[key], reverse=True)


def read(bucket: str, key: str) -> bytes | None:
    """The whole object; None when there is none."""
    return read_marked(bucket, key)[0]


def read_marked(bucket: str, key: str) -> tuple[bytes | None, str | None]:
    """The whole object and its ETag; None and None when there is none."""
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_THERE:
            return None, None
        raise
    return found["Body"].read(), found["ETag"]


def read_json(bucket: str, key: str) -> Any:
    """The object's JSON; None when there is no object."""
    content = read(bucket, key)
    return None if content is None else json.loads(content)


def exists(bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_THERE:
            return False
        raise
    return True


def put(bucket: str, key: str, content: bytes, content_type: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)


def replace_marked(
    bucket: str, key: str, content: bytes, content_type: str, etag: str | None
) -> bool:
    """Whether the object was still the one with this ETag, or still missing, and was replaced."""
    condition: dict[str, Any] = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type, **condition)
    except ClientError as error:
        if error.response["Error"]["Code"] in WRITTEN_MEANWHILE:
            return False
        raise
    return True


def sizes(bucket: str, prefix: str) -> dict[str, int]:
    """Key → size in bytes of every object below a prefix."""
    return {entry["Key"]: entry["Size"] for entry in _listed(bucket, prefix)}


def stream(bucket: str, key: str) -> IO[bytes]:
    """The object as a stream that can be read once, forwards."""
    return cast(IO[bytes], s3.get_object(Bucket=bucket, Key=key)["Body"])


def upload(bucket: str, key: str, content: IO[bytes]) -> None:
    """A stream of any length as one object, with the content type that its name tells."""
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    forwards = cast(IO[bytes], _Forwards(content))
    s3.upload_fileobj(forwards, bucket, key, ExtraArgs={"ContentType": kind})


class _Forwards:
    """What of a stream can be read once: a member of a tar stream breaks when asked to seek."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.read = stream.read


def _listed(bucket: str, prefix: str) -> Iterator["ObjectTypeDef"]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_status(bucket: str, prefix: str) -> Status | None:
    content = read(bucket, f"{prefix}status.json")
    return None if content is None else status_from_json(content)


def write_status(bucket: str, status: Status) -> None:
    """status.json last: it is the mark that both are there, should we die in between."""
    updated = now()
    put(bucket, f"{status.prefix}STATUS.txt", status.to_text(updated), "text/plain; charset=utf-8")
    put(bucket, f"{status.prefix}status.json", status.to_json(updated), "application/json")
