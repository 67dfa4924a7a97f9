"""LibreTranslate's and DeepL's forms where Amazon Translate is the engine."""

from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadRequestError
from tests.messages import raises
from translation.deepl import deepl_body, deepl_languages, read_deepl
from translation.languages import AMAZON_LANGUAGES, AUTO, Pair, Spoken, read_code
from translation.libretranslate import libretranslate_languages
from translation.request import Limits
from translation.translate import Translation

SPOKEN = Spoken((Pair("en", "de"),), others=True)
LIMITS = Limits(100, 100_000)


def test_amazons_characters_are_counted_and_no_language_is_guessed() -> None:
    fields = {"text": ["été 😀"], "target_lang": "EN-GB", "show_billed_characters": True}

    request = read_deepl(fields, LIMITS, SPOKEN)
    body = deepl_body(fields, request, [Translation("été 😀", "summer 😀", "amazon-translate")])

    assert request.pair == Pair(AUTO, "en")
    assert body == {"translations": [{"text": "summer 😀", "billed_characters": 5}]}


def test_deepls_languages_are_ones_that_can_be_asked_for() -> None:
    sources, targets = (
        {str(one["language"]) for one in deepl_languages(SPOKEN, kind)}
        for kind in ("source", "target")
    )

    # DeepL's own client refuses these as targets.
    assert not {"EN", "PT"} & targets and {"EN-GB", "PT-BR", "ZH-HANT"} <= targets
    for language in sources - {"DE"}:
        assert SPOKEN.pair(read_code(language) or "", "de").source == read_code(language)
    for language in targets - {"EN-GB", "EN-US"}:
        assert SPOKEN.pair("en", read_code(language) or "").target in AMAZON_LANGUAGES


def test_libretranslates_languages_lead_to_all_others() -> None:
    languages = libretranslate_languages(SPOKEN)

    assert {one["code"] for one in languages} == set(AMAZON_LANGUAGES)
    for one in languages:
        assert {one["code"], *one["targets"]} == set(AMAZON_LANGUAGES)  # type: ignore[misc]


OPTIONS = st.dictionaries(
    st.sampled_from(["formality", "glossary_id", "tag_handling", "context", "style_id", "html"]),
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    min_size=1,
)


@given(OPTIONS)
def test_no_option_of_deepl_is_passed_over(options: dict[str, object]) -> None:
    with raises(BadRequestError, "api.option", field=next(iter(options))):
        read_deepl({**options, "text": ["a"], "target_lang": "DE"}, LIMITS, SPOKEN)
