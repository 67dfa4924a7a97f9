import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadRequestError, TooLargeError
from tests.messages import raises
from translation.languages import AMAZON_LANGUAGES, AUTO, Pair, Spoken, is_code, read_code
from translation.request import Limits, read_fields, read_request

EN_DE, DE_EN, EN_ZH = Pair("en", "de"), Pair("de", "en"), Pair("en", "zh-TW")
OWN = Spoken((EN_DE, DE_EN, EN_ZH), others=False)
ALL = Spoken((EN_DE,), others=True)


def test_a_parameter_of_the_stack_may_have_a_fraction() -> None:
    limits = Limits.from_environ(
        {"MAX_SENTENCES": "2.5", "MAX_REQUEST_BYTES": "1000", "MIN_CONFIDENCE": "0"}
    )
    assert limits == Limits(2, 1000)
    two, three = (json.dumps({"sentences": [{"query": "hello"}] * count}) for count in (2, 3))
    assert len(read_request(read_fields(two, limits), limits, OWN).queries) == 2
    with raises(TooLargeError, "api.too_many_sentences", number=3, most=2):
        read_request(read_fields(three, limits), limits, OWN)


@given(st.sampled_from([*AMAZON_LANGUAGES, AUTO]), st.data())
def test_a_code_is_read_however_its_letters_are_written(code: str, data: st.DataObject) -> None:
    written = "".join(
        data.draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in code
    )

    assert read_code(written.replace("-", data.draw(st.sampled_from("-_")))) == code


@given(st.text(max_size=12))
def test_what_is_read_as_a_code_is_read_as_itself(text: str) -> None:
    code = read_code(text)

    assert code is None or read_code(code) == code


@given(st.from_regex(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", fullmatch=True))
def test_whatever_a_pair_may_be_called_can_be_asked_for(code: str) -> None:
    spoken = Spoken((Pair(code, "xx"),), others=False)
    asked = read_code(code)

    assert is_code(code) and asked is not None
    if code != "xx":
        assert spoken.pair(asked, "xx") == Pair(code, "xx")


@pytest.mark.parametrize(
    ("spoken", "source", "target", "pair"),
    [
        (OWN, "EN", "de", EN_DE),
        (OWN, "en-US", "DE_at", EN_DE),
        (OWN, "en", "zh_hant", EN_ZH),
        (OWN, "en", "zh-HK", EN_ZH),
        # Simplified characters are no region of traditional ones, and the other way round.
        (OWN, "en", "zh", Pair("en", "zh")),
        (Spoken((Pair("en", "zh"),), others=False), "en", "zh-TW", Pair("en", "zh-TW")),
        (Spoken((Pair("en", "sr"),), others=False), "en", "sr-Latn", Pair("en", "sr-Latn")),
        (OWN, "auto", "en-GB", DE_EN),
        (OWN, "auto", "fr", Pair(AUTO, "fr")),
        (ALL, "AUTO", "de", Pair(AUTO, "de")),
        (ALL, "en-US", "de", EN_DE),
        (ALL, "en-US", "es-419", Pair("en", "es")),
        (ALL, "en", "ES_mx", Pair("en", "es-MX")),
        # Amazon Translate has a language of its own for this region.
        (Spoken((Pair("en", "pt"),), others=True), "en", "pt-PT", Pair("en", "pt-PT")),
        (Spoken((Pair("en", "pt"),), others=True), "en", "pt-BR", Pair("en", "pt")),
    ],
)
def test_two_codes_lead_to_the_pair_that_fits(
    spoken: Spoken, source: str, target: str, pair: Pair
) -> None:
    codes = read_code(source), read_code(target)

    assert codes[0] and codes[1]
    assert spoken.pair(codes[0], codes[1]) == pair


def test_a_language_that_is_detected_by_nothing_has_to_be_named() -> None:
    several = Spoken((EN_DE, Pair("fr", "de")), others=False)
    with raises(BadRequestError, "api.source_auto", codes=["en", "fr"]):
        several.pair(AUTO, "de")


@pytest.mark.parametrize("codes", [("en", "en"), ("en-US", "en-GB")])
def test_a_language_is_not_translated_into_itself(codes: tuple[str, str]) -> None:
    with raises(BadRequestError, "api.same_language"):
        ALL.pair(*codes)
