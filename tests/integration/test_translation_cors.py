"""Another site's page may call the API only when the stack's parameter names that site."""

from collections.abc import Iterator

import pytest

from codefree.cloud import Cloud, Settings
from tests.clouds import own_cloud
from tests.http import pool, post

ORIGIN = "https://www.example.com"


@pytest.fixture(scope="module")
def allowing() -> Iterator[Cloud]:
    parameters = {
        "TranslationFallback": "none",
        "AllowedOrigin": ORIGIN,
        "ApiRequestsPerSecond": "1",
        "ApiBurst": "5",
    }
    with own_cloud(Settings(parameters=parameters)) as cloud:
        yield cloud


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("translate", "POST"),
        ("libretranslate/translate", "POST"),
        ("v2/translate", "POST"),
        ("v2/languages", "GET"),
        ("predict/titanic", "POST"),
        ("datasets", "GET"),
        ("datasets/titanic", "GET"),
    ],
)
def test_the_browser_may_ask_before_it_has_a_key(allowing: Cloud, path: str, method: str) -> None:
    assert allowing.api is not None
    answer = pool.request(
        "OPTIONS",
        f"{allowing.api.url}{path}",
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type,x-api-key",
        },
    )

    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "x-api-key" in answer.headers["Access-Control-Allow-Headers"].lower()
    assert method in answer.headers["Access-Control-Allow-Methods"]


def test_answers_and_refusals_may_be_read(allowing: Cloud) -> None:
    answered = post(allowing, {"text": "12"}, Origin=ORIGIN)
    bad = post(allowing, b"nonsense", Origin=ORIGIN)
    without_key = post(allowing, {"text": "12"}, key=None, Origin=ORIGIN)

    assert [answer.status for answer in (answered, bad, without_key)] == [200, 400, 403]
    for answer in (answered, bad, without_key):
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_another_site_is_not_named(allowing: Cloud) -> None:
    answer = post(allowing, {"text": "12"}, Origin="https://evil.example")

    assert answer.headers.get("Access-Control-Allow-Origin") != "https://evil.example"


def test_who_asks_too_much_is_told_when_to_come_back(allowing: Cloud) -> None:
    answers = [post(allowing, {"text": "12"}) for _ in range(60)]

    throttled = [answer for answer in answers if answer.status == 429]
    assert throttled
    assert throttled[0].headers["Retry-After"] == "1"
    assert "Too many requests" in throttled[0].json["error"]
