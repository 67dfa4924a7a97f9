"""Which stack to look at: one in AWS with the user's own credentials, or the one up here."""

from datetime import datetime
from typing import cast

import boto3
from botocore.exceptions import BotoCoreError

from local.aws import REGION, STACK_NAME, Endpoint
from local.stack_status import Connect, Overview, StackStatusError, in_words, look


def look_in_aws(stack: str, region: str | None, profile: str | None, now: datetime) -> Overview:
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as error:
        raise StackStatusError(in_words(error, stack)) from error
    return look(cast(Connect, session.client), stack, now)


def look_here(port: int, now: datetime) -> Overview:
    """The stack of `codefree up`, which has always the same name and region."""
    try:
        return look(Endpoint(f"http://127.0.0.1:{port}", REGION).client, STACK_NAME, now)
    except StackStatusError as error:
        reason = f"What answers on port {port} of this machine is no codefree up."
        raise StackStatusError(reason) from error
