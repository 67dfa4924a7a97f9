"""The API through the local cloud: real functions, real endpoint processes, real HTTP."""

import threading
from collections.abc import Iterator

import pytest

from codefree.cloud import Cloud
from contract.messages import message, render
from tests.conftest import eventually
from tests.endpoints import endpoint, make_version, status
from tests.http import Answer, get, post
from translation.errors import WARM_UP_SECONDS

SHOUTING = "texts = [text.upper() for text in texts]"


@pytest.fixture(scope="module")
def shouting(cloud: Cloud) -> Iterator[Cloud]:
    """en-aa translates to capitals."""
    with endpoint(cloud, "en-aa", SHOUTING):
        yield cloud


def asked(cloud: Cloud, content: object, target: str = "aa") -> Answer:
    if isinstance(content, dict):
        content = {"source": "en", "target": target, **content}
    return post(cloud, content)


def translation(answer: Answer) -> str:
    assert answer.status == 200, answer.text
    return str(answer.json["translations"][0]["translation"])


def test_sentences_come_back_translated_and_in_order(shouting: Cloud) -> None:
    answer = asked(shouting, {"sentences": [{"query": "one"}, {"query": "two"}, {"query": "one"}]})

    assert answer.json == {
        "translations": [
            {"query": "one", "engine": "sagemaker", "translation": "ONE"},
            {"query": "two", "engine": "sagemaker", "translation": "TWO"},
            {"query": "one", "engine": "sagemaker", "translation": "ONE"},
        ],
        "source": "en",
        "target": "aa",
    }


def test_a_bare_text_is_translated(shouting: Cloud) -> None:
    assert translation(asked(shouting, {"text": "hello"})) == "HELLO"


@pytest.mark.parametrize(("source", "target"), [("EN", "AA"), ("en-US", "aa_XX")])
def test_codes_are_taken_as_people_write_them(shouting: Cloud, source: str, target: str) -> None:
    answer = asked(shouting, {"text": "hello", "source": source, "target": target})

    assert translation(answer) == "HELLO"
    assert (answer.json["source"], answer.json["target"]) == ("en", "aa")


def test_the_workshop_request_is_answered_in_its_own_form(shouting: Cloud) -> None:
    content = {"sentences": [{"query": "hello"}], "target": "aa"}

    answer = post(shouting, content, Accept="application/vnd.seq2seq+json")

    assert answer.json == {"predictions": [{"target": "HELLO"}]}
    assert answer.headers["Content-Type"] == "application/vnd.seq2seq+json"


def test_lines_and_spaces_stay_where_they_are(shouting: Cloud) -> None:
    text = "  first line. second sentence!\n\n\tthird line \r\nfourth"

    assert translation(asked(shouting, {"text": text})) == text.upper()


def test_a_long_text_is_cut_and_put_together_again(shouting: Cloud) -> None:
    text = "some words, and some more; " * 3000

    assert translation(asked(shouting, {"text": text})) == text.upper()


def test_a_glossary_wins_over_the_engine(shouting: Cloud) -> None:
    content = {"text": "the cloud and Clouds", "glossary": {"cloud": "die Wolke"}}

    assert translation(asked(shouting, content)) == "THE die Wolke AND CLOUDS"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"", 400, "body"),
        (b"not JSON", 400, "body"),
        (b"[" * 100_000, 400, "body"),
        (b"[]", 400, "body"),
        (b"\xff\xfe\x00", 400, "body"),
        ({"text": 1}, 400, "text"),
        ({"text": None}, 400, "text"),
        ({"text": "\ud800"}, 400, "text"),
        ({"text": "a", "sentences": []}, 400, "text"),
        ({"sentences": []}, 400, "sentences"),
        ({"sentences": "a"}, 400, "sentences"),
        ({"sentences": ["a"]}, 400, "sentences[0]"),
        ({"sentences": [{"query": "a"}, {"query": 2}]}, 400, "sentences[1].query"),
        ({"text": "a", "target": "klingon!"}, 400, "target"),
        ({"text": "a", "target": "fr"}, 400, "target"),
        ({"text": "a", "source": "aa"}, 400, "target"),
        ({"text": "a", "target": "auto"}, 400, "target"),
        ({"text": "a", "tonguage": "de"}, 400, "tonguage"),
        ({"text": "a", "glossary": ["b"]}, 400, "glossary"),
        ({"text": "a", "glossary": {" ": "b"}}, 400, "glossary"),
        ({"sentences": [{"query": "a"}] * 1000}, 413, None),
        ({"text": "a" * 300_000}, 413, None),
        (b" " * (10 * 1024 * 1024 + 1), 413, None),
    ],
)
def test_a_bad_request_is_refused_in_words(
    shouting: Cloud, body: object, status: int, field: str | None
) -> None:
    answer = asked(shouting, body)

    assert (answer.status, answer.json.get("field")) == (status, field)
    assert answer.json["error"].endswith(".")
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("text", ["", " \n ", "😀👍🏽", "12.5", "https://example.com", "—"])
def test_what_holds_no_words_comes_back_as_it_is(shouting: Cloud, text: str) -> None:
    assert translation(asked(shouting, {"text": text})) == text


def test_text_from_right_to_left_is_translated_as_any(shouting: Cloud) -> None:
    assert translation(asked(shouting, {"text": "مرحبا يا 12 عالم"})) == "مرحبا يا 12 عالم"


@pytest.mark.parametrize("key", [None, "wrong"])
def test_without_the_key_nothing_is_translated(shouting: Cloud, key: str | None) -> None:
    answer = post(shouting, {"text": "hello"}, key=key)

    assert answer.status == 403
    assert "API key" in answer.json["error"]
    # Not even an empty one, which API Gateway may refuse to be told of.
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_route_that_is_none_is_answered_in_json(cloud: Cloud) -> None:
    answer = get(cloud, "nowhere")

    assert answer.status == 404
    assert "GET /openapi.json" in answer.json["error"]


def test_an_endpoint_that_is_missing_is_named(cloud: Cloud) -> None:
    answer = asked(cloud, {"text": "hello"}, target="bb")

    assert answer.status == 503
    assert answer.json["code"] == "engine.not_deployed"
    assert "from en to bb" in answer.json["error"]


def test_an_endpoint_that_breaks_is_a_bad_gateway(cloud: Cloud) -> None:
    with endpoint(cloud, "en-cc", "raise RuntimeError('secret')"):
        answer = asked(cloud, {"text": "hello"}, target="cc")

    assert answer.status == 502
    assert answer.json["code"] == "engine.failed"
    assert "secret" not in str(answer.json)


def test_an_endpoint_that_talks_nonsense_is_a_bad_gateway(cloud: Cloud) -> None:
    with endpoint(cloud, "en-dd", "texts = texts[1:]"):
        assert asked(cloud, {"text": "hello"}, target="dd").status == 502


def test_an_endpoint_that_is_too_slow_is_not_reported_as_broken(cloud: Cloud) -> None:
    with endpoint(cloud, "en-ee", "time.sleep(40)"):
        answer = asked(cloud, {"text": "hello"}, target="ee")

    assert answer.status == 503
    assert answer.json["code"] == "engine.timeout"
    # It may be a cold one, which holds its first request.
    assert answer.headers["Retry-After"] == str(WARM_UP_SECONDS)


def test_one_sentence_that_cannot_be_translated_does_not_fail_the_rest(cloud: Cloud) -> None:
    refusing = "if any('poison' in t for t in texts): raise ValueError('no')"
    with endpoint(cloud, "en-ee", refusing, version="refusing"):
        answer = asked(cloud, {"sentences": [{"query": "a"}, {"query": "poison"}]}, target="ee")

    good, bad = answer.json["translations"]
    assert good["translation"] == "a"
    assert bad["error"] == render(message("engine.cannot_translate"))


def test_a_new_version_takes_over_without_a_failed_request(shouting: Cloud) -> None:
    seen: list[tuple[int, str]] = []
    done = threading.Event()

    def keep_calling() -> None:
        while not done.is_set():
            answer = asked(shouting, {"text": "word"}, target="bb")
            seen.append((answer.status, answer.text))

    with endpoint(shouting, "en-bb", "texts = ['old'] * len(texts)", version="old") as name:
        config = make_version(shouting, name, "texts = ['new'] * len(texts)", "new")
        clients = [threading.Thread(target=keep_calling) for _ in range(16)]
        for client in clients:
            client.start()
        eventually(lambda: len(seen) > 50)
        sagemaker = shouting.endpoint.client("sagemaker")
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
        eventually(lambda: status(shouting, name) == "InService")
        enough = len(seen) + 50
        eventually(lambda: len(seen) > enough)
        done.set()
        for client in clients:
            client.join()

    assert {text for status, text in seen if status != 200} == set()
    assert '"old"' in seen[0][1] and '"new"' in seen[-1][1]


def test_no_text_reaches_a_log(shouting: Cloud) -> None:
    asked(shouting, {"text": "Rumpelstilzchen"})
    asked(shouting, {"text": "Rumpelstilzchen", "nonsense": "Rumpelstilzchen"})

    logs = "".join(log.read_text() for log in shouting.logs.glob("*.log"))
    assert '"translated"' in logs and '"refused"' in logs
    assert "Rumpelstilzchen".lower() not in logs.lower()


@pytest.mark.parametrize("path", ["", "page/page.js", "page/page.css"])
def test_the_page_is_served_and_may_only_talk_to_its_own_api(cloud: Cloud, path: str) -> None:
    answer = get(cloud, path)

    assert answer.status == 200
    assert "connect-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
