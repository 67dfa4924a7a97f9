"""Which stack to look at: one in AWS with the user's own credentials, or the one up here."""

from datetime import datetime
from typing import cast

import boto3
from botocore.exceptions import BotoCoreError

from codefree.aws import STACK_NAME, Endpoint
from codefree.stack_status import Connect, Overview, StackStatusError, in_words, look
from codefree.words import message


def look_in_aws(stack: str, region: str | None, profile: str | None, now: datetime) -> Overview:
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as error:
        raise StackStatusError(in_words(error, stack)) from error
    return look(cast(Connect, session.client), stack, now)


def look_here(port: int, now: datetime) -> Overview:
    """The stack of `codefree up`, which has always the same name and region."""
    reason = message("stack.not_here", port=str(port))
    endpoint = Endpoint.kept(port)
    if endpoint is None:
        raise StackStatusError(reason)
    try:
        return look(endpoint.client, STACK_NAME, now)
    except StackStatusError as error:
        raise StackStatusError(reason) from error
