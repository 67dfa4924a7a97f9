"""The clients of AWS: modules share them, because to make one costs every cold start its time."""

from functools import cache
from typing import Any

import boto3


@cache
def client(service: Any) -> Any:
    """The one client of this process for a service; threads may share it."""
    return boto3.client(service)
