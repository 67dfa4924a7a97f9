"""The message that says which object was uploaded: EventBridge writes it, and so do we."""

import json
from collections.abc import Mapping
from typing import Any


def upload_message(bucket: str, key: str, **more: Any) -> str:
    """A message like EventBridge's, without the `detail-type` that only a true upload has."""
    detail = {"bucket": {"name": bucket}, "object": {"key": key}}
    return json.dumps({"detail": detail, **more})


def uploaded_bytes(body: Mapping[str, Any]) -> int:
    """How large the object is; 0 where a message does not say so, as none of ours does."""
    size = body["detail"].get("object", {}).get("size", 0)
    return size if isinstance(size, int) else 0


def uploaded_object(body: Mapping[str, Any]) -> tuple[str, str]:
    """Bucket and key; raises KeyError or TypeError for a message that names none."""
    detail = body["detail"]
    # Not the data class: its key turns `a+b.csv` into `a b.csv`, and EventBridge encodes none.
    return detail["bucket"]["name"], detail["object"]["key"]


def ended_query(body: Mapping[str, Any]) -> str | None:
    """What Athena calls the query whose end a message tells; None for an upload."""
    if body.get("detail-type") != "Athena Query State Change":
        return None
    execution: str = body["detail"]["queryExecutionId"]
    return execution
