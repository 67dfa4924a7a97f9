"""An Amazon Translate for tests: moto has none. It answers in capitals, and counts."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from codefree.lambda_service import LambdaFunction
from tests.json_services import Reply, json_service

THROTTLED = "ThrottlingException"
# Given the number of a request, the first is 0: the code of an error, or nothing.
Refuse = Callable[[int], str | None]


@dataclass
class AmazonTranslate:
    """What it was asked, and what of it AWS would bill."""

    url: str
    refuse: Refuse = lambda number: None
    asked: int = 0
    paid: list[str] = field(default_factory=list)
    """Every text that was translated, as often as it was."""

    @property
    def characters(self) -> int:
        return sum(map(len, self.paid))


@contextmanager
def amazon_translate() -> Iterator[AmazonTranslate]:
    lock = threading.Lock()

    def reply(_headers: Mapping[str, str], body: bytes) -> Reply:
        text = json.loads(body)["Text"]
        with lock:
            error = service.refuse(service.asked)
            service.asked += 1
            if error is None:
                service.paid.append(text)
        return Reply({"__type": error}, 400) if error else Reply({"TranslatedText": text.upper()})

    with json_service(reply) as url:
        service = AmazonTranslate(url)
        yield service


@contextmanager
def using(
    function: LambdaFunction, url: str, timeout: int | None = None, **variables: str
) -> Iterator[LambdaFunction]:
    """A function of the stack whose Amazon Translate is at that address."""
    before = function.configuration
    given = {
        **before.variables,
        "TRANSLATION_ENGINE": "amazon-translate",
        "AWS_ENDPOINT_URL_TRANSLATE": url,
        **variables,
    }
    seconds = timeout or before.timeout
    own = LambdaFunction(replace(before, variables=given, timeout=seconds), function.aws)
    try:
        yield own
    finally:
        own.close()
