"""Read objects of S3 as they are, without knowing what they mean."""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from aws.clients import client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

s3: "S3Client" = client("s3")
Found = TypeVar("Found")
# Nothing has a key that is too long.
NOT_THERE = ("NoSuchKey", "404", "NotFound", "KeyTooLongError")
LONGEST_KEY = 1024
FOLDERS_AT_ONCE, READS_AT_ONCE = 1000, 16
# Of datasets, in one answer over HTTP.
MOST_LISTED = 100


def read(bucket: str, key: str) -> bytes | None:
    """Get the whole object, one of ours; None when the key does not exist."""
    return read_with_etag(bucket, key)[0]


def read_with_etag(bucket: str, key: str) -> tuple[bytes | None, str | None]:
    """Get the whole object and its ETag; (None, None) when the key does not exist."""
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_THERE:
            return None, None
        raise
    return found["Body"].read(), found["ETag"]


def read_beginning(bucket: str, key: str, most_bytes: int) -> bytes:
    """Get the first bytes of an object that exists; none of an empty one."""
    try:
        found = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{most_bytes - 1}")
    except ClientError as error:
        if error.response["Error"]["Code"] == "InvalidRange":
            return b""
        raise
    return found["Body"].read()


def read_json(bucket: str, key: str) -> Any:
    """Get and parse a JSON object; None when the key does not exist."""
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


def keys(bucket: str, prefix: str, most: int) -> list[str]:
    """Return the first keys below a prefix, at most so many, in S3's order."""
    page = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=most)
    return [entry["Key"] for entry in page.get("Contents", [])]


def folders(
    bucket: str, prefix: str, most: int, after: str | None = None
) -> tuple[list[str], str | None]:
    """Return the names of the folders right below a prefix, at most so many, in S3's order.

    `after` is the last name of the page before. The second is that of this page; None when there
    are no more.
    """
    # All keys of that folder come before this one: 0 is the sign after the slash.
    start = f"{prefix}{after}0" if after else ""
    page = s3.list_objects_v2(
        Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=most, StartAfter=start
    )
    found = [
        entry["Prefix"].removeprefix(prefix).rstrip("/") for entry in page.get("CommonPrefixes", [])
    ]
    return found, found[-1] if found and page["IsTruncated"] else None


def every_folder(bucket: str, prefix: str) -> Iterator[str]:
    """Return the names of all folders right below a prefix, in S3's order."""
    after: str | None = None
    while True:
        found, after = folders(bucket, prefix, FOLDERS_AT_ONCE, after)
        yield from found
        if after is None:
            return


def can_follow(after: str) -> bool:
    """Whether a list can go on after that name."""
    return after.isprintable() and len(after.encode()) <= LONGEST_KEY


def at_once(read: Callable[[str], Found], names: Iterable[str]) -> list[Found]:
    """Read some at a time; what they give, in the order of the names."""
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        return list(pool.map(read, names))
