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


def connect_to(
    stack: str | None, region: str | None, profile: str | None, port: int
) -> tuple[Connect, str]:
    """How to ask a stack in AWS or, without a name, the one of `codefree up`, and its name."""
    if stack is None:
        endpoint = Endpoint.kept(port)
        if endpoint is None:
            raise StackStatusError(message("stack.not_here", port=str(port)))
        return endpoint.client, STACK_NAME
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as error:
        raise StackStatusError(in_words(error, stack)) from error
    return cast(Connect, session.client), stack


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
