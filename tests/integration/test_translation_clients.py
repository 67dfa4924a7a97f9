"""The published clients of other translation services, as they come, against the local API."""

import json
from collections.abc import Iterator
from urllib import request
from urllib.parse import urlencode

import deepl
import libretranslatepy
import pytest

from codefree.api_gateway import PREDICTION_KEY, TRANSLATION_KEY
from codefree.cloud import Cloud
from tests.endpoints import endpoint
from tests.http import Answer, ask, pool

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def shouting(cloud: Cloud) -> Iterator[Cloud]:
    """en-aa translates to capitals, and cannot translate poison."""
    refusing = "if any('poison' in t for t in texts): raise ValueError('no')"
    with endpoint(cloud, "en-aa", f"{refusing}\n    texts = [text.upper() for text in texts]"):
        yield cloud


class SendsKey(request.BaseHandler):
    """Gives urllib's requests to one API its key, and no others."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key

    def http_request(self, asked: request.Request) -> request.Request:
        if asked.full_url.startswith(self._url):
            asked.add_unredirected_header("X-Api-Key", self._key)
        return asked

    https_request = http_request


@pytest.fixture
def libretranslate(
    shouting: Cloud, monkeypatch: pytest.MonkeyPatch
) -> libretranslatepy.LibreTranslateAPI:
    assert shouting.api is not None
    url = f"{shouting.api.url}libretranslate/"
    opener = request.build_opener(SendsKey(url, shouting.api.keys[TRANSLATION_KEY]))
    monkeypatch.setattr(request, "_opener", opener)
    return libretranslatepy.LibreTranslateAPI(url, api_key="anything")


def libre(cloud: Cloud, path: str = "libretranslate/translate", **fields: object) -> Answer:
    body = json.dumps({"source": "en", "target": "aa", **fields}).encode()
    return ask(cloud, path, body, TRANSLATION_KEY, **{"Content-Type": "application/json"})


def test_the_client_of_libretranslate_translates(
    libretranslate: libretranslatepy.LibreTranslateAPI,
) -> None:
    assert libretranslate.translate("a & b = ü?\n%", "EN", "aa") == "A & B = Ü?\n%"
    assert libretranslate.translate("[one=two]", "auto", "aa") == "[ONE=TWO]"


def test_the_client_of_libretranslate_lists_the_languages(
    libretranslate: libretranslatepy.LibreTranslateAPI,
) -> None:
    english, *others = libretranslate.languages()

    assert english["code"] == "en" and english["name"] == "English"
    assert "aa" in english["targets"]
    assert {one["code"]: one["targets"] for one in others}["aa"] == []


@pytest.mark.parametrize("path", ["translate", "libretranslate/translate"])
def test_a_string_comes_back_as_one_and_a_list_as_one(shouting: Cloud, path: str) -> None:
    usual = {"format": "text", "alternatives": 0, "api_key": ""}

    assert libre(shouting, path, q="hello", **usual).json == {"translatedText": "HELLO"}
    assert libre(shouting, path, q=["a", "b", "a"]).json == {"translatedText": ["A", "B", "A"]}


@pytest.mark.parametrize("path", ["translate", "libretranslate/translate"])
def test_tags_stay_where_the_format_has_them(shouting: Cloud, path: str) -> None:
    page = "<p>Tom &amp; <a href='x?a=1'>Mary</a></p><script>if (a) b()</script>"

    answer = libre(shouting, path, q=page, format="html").json

    assert answer == {
        "translatedText": "<p>TOM &amp; <a href='x?a=1'>MARY</a></p><script>if (a) b()</script>"
    }


@pytest.mark.parametrize("path", ["translate", "libretranslate/translate"])
def test_a_form_is_read_as_json_is(shouting: Cloud, path: str) -> None:
    form = {"q": ["x=1 & y", "é"], "source": "en", "target": "aa", "alternatives": "0"}

    body = urlencode(form, doseq=True).encode()
    answer = ask(
        shouting, path, body, TRANSLATION_KEY, **{"Content-Type": f"{FORM}; charset=utf-8"}
    )

    assert answer.json == {"translatedText": ["X=1 & Y", "É"]}


def test_json_that_curl_calls_a_form_is_json(shouting: Cloud) -> None:
    body = b' {"text": "a=b", "source": "en", "target": "aa"}'
    answer = ask(shouting, "translate", body, TRANSLATION_KEY, **{"Content-Type": FORM})

    assert answer.json["translations"][0]["translation"] == "A=B"


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"q": "a", "format": "pdf"}, 400, "format"),
        ({"q": "a", "alternatives": 3}, 400, "alternatives"),
        ({"q": "a", "alternatives": False}, 400, "alternatives"),
        ({"q": "a", "sentences": []}, 400, "sentences"),
        ({"q": "a", "target": "fr"}, 400, "target"),
        ({"q": "a", "source": None}, 400, "source"),
        ({"q": "a", "api_key": None}, 400, "api_key"),
        ({"q": []}, 400, "q"),
        ({"q": ["a", 1]}, 400, "q[1]"),
        ({"q": 1}, 400, "q"),
        ({}, 400, "q"),
        ({"q": "poison"}, 400, "q"),
        ({"q": ["a", "poison"]}, 400, "q[1]"),
        ({"q": ["a"] * 1000}, 413, None),
        ({"q": "a" * 300_000}, 413, None),
    ],
)
def test_what_libretranslate_may_be_asked_and_this_cannot_do_is_refused(
    shouting: Cloud, fields: dict[str, object], status: int, field: str | None
) -> None:
    answer = libre(shouting, **fields)

    assert (answer.status, answer.json.get("field")) == (status, field)
    assert answer.json["error"].endswith(".")


@pytest.mark.parametrize(
    ("body", "status"), [(b"q=%ff&source=en&target=aa", 400), (b"q=a&" * 5000, 413), (b"=", 400)]
)
def test_a_form_that_cannot_be_read_is_refused(shouting: Cloud, body: bytes, status: int) -> None:
    answer = ask(shouting, "translate", body, TRANSLATION_KEY, **{"Content-Type": FORM})

    assert answer.status == status
    assert answer.json["error"].endswith(".")


@pytest.mark.parametrize("path", ["translate", "libretranslate/translate"])
def test_a_key_in_the_body_opens_nothing(shouting: Cloud, path: str) -> None:
    """API Gateway counts requests by the key of the header, and sees no body."""
    assert shouting.api is not None
    fields = {
        "q": "a",
        "source": "en",
        "target": "aa",
        "api_key": shouting.api.keys[TRANSLATION_KEY],
    }
    answer = pool.request("POST", shouting.api.url + path, fields=fields, encode_multipart=False)

    assert answer.status == 403
    assert "X-Api-Key" in answer.json()["error"]


@pytest.mark.parametrize("path", ["translate", "libretranslate/translate"])
def test_the_key_for_predictions_opens_no_form(shouting: Cloud, path: str) -> None:
    answer = ask(shouting, path, b'{"q": "a", "source": "en", "target": "aa"}', PREDICTION_KEY)

    assert answer.status == 403
    assert answer.json["code"] == "api.key_for_predictions"


@pytest.fixture
def deepl_client(shouting: Cloud) -> Iterator[deepl.DeepLClient]:
    """Its Authorization is read by nothing; the key is in the header that API Gateway reads."""
    assert shouting.api is not None
    client = deepl.DeepLClient("anything", server_url=shouting.api.url)
    client.headers["X-Api-Key"] = shouting.api.keys[TRANSLATION_KEY]
    yield client
    client.close()


def as_deepl(cloud: Cloud, **fields: object) -> Answer:
    body = json.dumps({"target_lang": "AA", **fields}).encode()
    return ask(cloud, "v2/translate", body, TRANSLATION_KEY)


def test_the_client_of_deepl_translates(deepl_client: deepl.DeepLClient) -> None:
    one = deepl_client.translate_text("one & ü", target_lang="aa")
    two = deepl_client.translate_text(
        ["a", "b", "a"], source_lang="EN", target_lang="AA", formality="prefer_more"
    )

    assert isinstance(one, deepl.TextResult) and isinstance(two, list)
    assert (one.text, one.detected_source_lang, one.billed_characters) == ("ONE & Ü", "EN", 0)
    assert [result.text for result in two] == ["A", "B", "A"]


def test_the_client_of_deepl_lists_the_languages(deepl_client: deepl.DeepLClient) -> None:
    sources = {one.code: one.name for one in deepl_client.get_source_languages()}
    targets = {one.code: one.supports_formality for one in deepl_client.get_target_languages()}

    assert sources == {"EN": "English"}
    assert set(targets) == {"DE", "AA", "BB", "CC", "DD", "EE"}
    assert set(targets.values()) == {False}


@pytest.mark.parametrize(
    "options",
    [{"formality": "more"}, {"tag_handling": "pdf"}, {"context": "a"}, {"split_sentences": "0"}],
)
def test_the_client_of_deepl_says_what_is_refused(
    deepl_client: deepl.DeepLClient, options: dict[str, str]
) -> None:
    with pytest.raises(deepl.DeepLException, match=f"Bad request.*{next(iter(options))}"):
        deepl_client.translate_text("a", target_lang="AA", **options)  # type: ignore[arg-type]


def test_a_client_of_deepl_without_the_header_is_answered_which_one_it_is(shouting: Cloud) -> None:
    assert shouting.api is not None
    key = shouting.api.keys[TRANSLATION_KEY]
    client = deepl.DeepLClient(key, server_url=shouting.api.url)

    with pytest.raises(deepl.AuthorizationException, match="X-Api-Key"):
        client.translate_text("a", target_lang="AA")
    with pytest.raises(deepl.AuthorizationException, match="X-Api-Key"):
        client.get_source_languages()


def test_the_client_of_deepl_sends_tags(deepl_client: deepl.DeepLClient) -> None:
    page = deepl_client.translate_text(
        "<p>a <b>b</b> &lt; c</p>", target_lang="AA", tag_handling="html"
    )
    data = deepl_client.translate_text("a<x/> <y>b</y>", target_lang="AA", tag_handling="xml")

    assert [str(page), str(data)] == ["<p>A <b>B</b> &lt; C</p>", "A<x/> <y>B</y>"]


def test_a_form_of_deepl_is_read_as_json_is(shouting: Cloud) -> None:
    form = [("text", "a&b"), ("text", "c"), ("target_lang", "aa"), ("show_billed_characters", "1")]
    body = urlencode(form).encode()

    answer = ask(shouting, "v2/translate", body, TRANSLATION_KEY, **{"Content-Type": FORM})

    assert answer.json["translations"] == [
        {"detected_source_language": "EN", "text": "A&B", "billed_characters": 0},
        {"detected_source_language": "EN", "text": "C", "billed_characters": 0},
    ]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({}, 400, "api.texts"),
        ({"text": []}, 400, "api.texts"),
        ({"text": ["a", 1]}, 400, "api.not_string"),
        ({"text": ["a"], "target_lang": None}, 400, "api.language_code"),
        ({"text": ["a"], "target_lang": "FR"}, 400, "api.no_translator"),
        ({"text": ["a"], "source_lang": 0}, 400, "api.language_code"),
        ({"text": ["a"], "source_lang": "AA"}, 400, "api.same_language"),
        ({"text": ["a"], "glossary_id": "a"}, 400, "api.option"),
        ({"text": ["a"], "preserve_formatting": 0}, 400, "api.option"),
        ({"text": ["a"], "show_billed_characters": "maybe"}, 400, "api.option"),
        ({"text": ["a", "poison"]}, 400, "engine.cannot_translate"),
        ({"text": ["a"] * 1000}, 413, "api.too_many_sentences"),
    ],
)
def test_what_deepl_may_be_asked_and_this_cannot_do_is_refused(
    shouting: Cloud, fields: dict[str, object], status: int, code: str
) -> None:
    answer = as_deepl(shouting, **fields)

    assert (answer.status, answer.json["code"]) == (status, code)
    assert set(answer.json) == {"message", "code"} and answer.json["message"].endswith(".")


@pytest.mark.parametrize("query", ["?type=all", "?kind=target", "?type=target&a=b"])
def test_languages_of_another_type_are_refused(shouting: Cloud, query: str) -> None:
    answer = ask(shouting, f"v2/languages{query}", key=TRANSLATION_KEY)

    assert (answer.status, answer.json["code"]) == (400, "api.type")


def test_a_type_that_a_gateway_has_lost_is_missed(shouting: Cloud) -> None:
    """The list of the other type would be wrong without a word."""
    answer = ask(shouting, "v2/languages", key=TRANSLATION_KEY, **{"Content-Type": FORM})
    found = ask(shouting, "v2/languages?type=target", key=TRANSLATION_KEY)

    assert answer.status == 400
    assert {"language": "AA", "name": "aa", "supports_formality": False} in found.json


@pytest.mark.parametrize(("path", "body"), [("v2/translate", b"{}"), ("v2/languages", None)])
def test_the_key_for_predictions_opens_nothing_of_deepl(
    shouting: Cloud, path: str, body: bytes | None
) -> None:
    answer = ask(shouting, path, body, PREDICTION_KEY)

    assert (answer.status, answer.json["code"]) == (403, "api.key_for_predictions")
