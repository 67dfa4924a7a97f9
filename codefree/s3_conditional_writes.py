"""S3's conditional writes: two requests that saw the same object cannot both replace it.

moto compares in one step and writes in another, and serves every request in a thread of its own.
"""

import threading
from urllib.parse import unquote, urlparse

from moto.core.common_types import TYPE_RESPONSE
from moto.s3.exceptions import PreconditionFailed
from moto.s3.responses import S3Response

_one_at_a_time = threading.Lock()
_put_object = S3Response.put_object
_copy_object = S3Response.copy_object


def _put_object_if(self: S3Response) -> TYPE_RESPONSE:
    if "If-Match" in self.headers or "If-None-Match" in self.headers:
        with _one_at_a_time:
            return _put_object(self)
    return _put_object(self)


def _copy_object_if(self: S3Response) -> TYPE_RESPONSE:
    """moto knows only the condition that a source has another ETag."""
    if wanted := self.headers.get("x-amz-copy-source-if-match"):
        source = urlparse(self.headers["x-amz-copy-source"])
        bucket, _, key = unquote(source.path).lstrip("/").partition("/")
        found = self.backend.get_object(bucket, key)
        if found and wanted.strip('"') != found.etag.strip('"'):
            raise PreconditionFailed(failed_condition="x-amz-copy-source-If-Match")
    return _copy_object(self)


S3Response.copy_object = _copy_object_if  # type: ignore[method-assign]
S3Response.put_object = _put_object_if  # type: ignore[method-assign]
