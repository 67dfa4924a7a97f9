"""How often a message has killed the function that handled it: SQS counts waiting alike.

A function that is killed for memory or time can write nothing any more, so each try but the first
is written down before it begins, and struck out when it comes to an end of whatever kind.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aws import objects, stored
from aws.errors import AWS_ERRORS
from contract.layout import tries_key

TRIES = 5


class KilledError(Exception):
    """Raised when a message has killed the function in each of its tries."""


@contextmanager
def counted(bucket: str, message_id: str, receives: int) -> Iterator[None]:
    """One try to handle a message; raises KilledError when there have been enough.

    `receives` is SQS's count of deliveries, this one too. A first delivery cannot have killed
    anything, so it costs no request.
    """
    if receives == 1:
        yield
        return
    key = tries_key(message_id)
    unfinished = int(stored.read(bucket, key) or 0)
    # The first try, which was not written down, may have been one.
    if unfinished >= TRIES - 1:
        raise KilledError(f"The function was killed in each of {TRIES} tries.")
    _write(bucket, key, unfinished + 1)
    try:
        yield
    finally:
        # What else went wrong matters more.
        with suppress(*AWS_ERRORS):
            _write(bucket, key, 0)


def _write(bucket: str, key: str, unfinished: int) -> None:
    objects.put(bucket, key, str(unfinished).encode(), objects.TEXT)
