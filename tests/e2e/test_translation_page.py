"""The page in a real browser, against the local cloud with the translator that comes along."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from codefree import default_translator
from codefree.api_gateway import TRANSLATION_KEY
from codefree.cloud import Cloud, Settings
from contract.bounds import LANGUAGES
from tests.browser import needs_chromium, picture
from tests.clouds import own_cloud

pytestmark = needs_chromium
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def translating() -> Iterator[Cloud]:
    parameters = {"TranslationFallback": "none", "MaxRequestBytes": "2000"}
    with own_cloud(Settings(parameters=parameters)) as cloud:
        default_translator.deploy(cloud)
        yield cloud


@pytest.fixture
def page(browser: Browser, translating: Cloud) -> Iterator[Page]:
    assert translating.api is not None
    context = browser.new_context(locale="en-US", permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    said: list[str] = []
    page.on(
        "console", lambda message: said.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{translating.api.url}#translate")
    yield page
    context.close()
    # The browser itself tells of every answer that is an error; the page must not add to it.
    assert [line for line in said if "Failed to load resource" not in line] == []


def enter_key(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Use this key").click()


def key_of(cloud: Cloud) -> str:
    assert cloud.api is not None
    return cloud.api.keys[TRANSLATION_KEY]


def test_a_text_is_typed_and_its_translation_seen(page: Page, translating: Cloud) -> None:
    enter_key(page, key_of(translating))
    page.get_by_label("Text to translate").fill("I love you.\nSee https://example.com/a.")
    page.get_by_role("button", name="Translate").click()

    result = page.get_by_label("Translation", exact=True)
    expect(result).not_to_have_value("")
    first, second = result.input_value().split("\n")
    assert "liebe" in first and "https://example.com/a" in second
    expect(page.locator("#count")).to_have_text("38 characters")
    expect(page.locator("#engine")).to_have_text("own translator")
    picture(page, "desktop")


@pytest.mark.parametrize(
    "text", ["Ich habe gestern den ganzen Tag geschlafen.", "나는 너를 사랑해."]
)
def test_a_text_in_another_language_is_marked_as_unsure_with_the_reason(
    page: Page, translating: Cloud, text: str
) -> None:
    enter_key(page, key_of(translating))
    page.get_by_label("Text to translate").fill(text)
    page.get_by_role("button", name="Translate").click()

    expect(page.get_by_role("status")).to_contain_text("Not sure.")
    expect(page.get_by_label("Translation", exact=True)).to_have_class(re.compile("unsure"))
    picture(page, "unsure")
    page.get_by_label("Text to translate").fill("I love you.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_have_text("Translated.")
    expect(page.get_by_label("Translation", exact=True)).not_to_have_class(re.compile("unsure"))


def test_the_translation_is_copied(page: Page, translating: Cloud) -> None:
    enter_key(page, key_of(translating))
    page.get_by_label("Text to translate").fill("Good morning.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_have_text("Translated.")
    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_label("Translation", exact=True).input_value()


def test_a_wrong_key_is_asked_for_again(page: Page) -> None:
    enter_key(page, "wrong")
    page.get_by_label("Text to translate").fill("Hello.")
    page.get_by_role("button", name="Translate").click()

    expect(page.get_by_role("status")).to_contain_text("This API key is invalid")
    expect(page.get_by_label("API key")).to_be_focused()
    picture(page, "error")


def test_the_key_lives_as_long_as_the_tab(page: Page, translating: Cloud) -> None:
    enter_key(page, key_of(translating))
    page.reload()
    expect(page.get_by_label("API key")).to_be_hidden()
    assert page.evaluate("localStorage.length") == 0
    page.get_by_role("button", name="Forget the key").click()

    expect(page.get_by_label("API key")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_text_that_is_too_long_cannot_be_sent(page: Page) -> None:
    page.get_by_label("Text to translate").fill("word " * 500)

    expect(page.locator("#count")).to_have_text("2,500 bytes, 2,000 fit")
    expect(page.get_by_role("button", name="Translate")).to_be_disabled()


def test_a_service_that_is_gone_is_reported(page: Page, translating: Cloud) -> None:
    enter_key(page, key_of(translating))
    page.context.set_offline(True)
    page.get_by_label("Text to translate").fill("Hello.")
    page.get_by_role("button", name="Translate").click()

    expect(page.get_by_role("status")).to_contain_text("cannot be reached")


def test_an_endpoint_that_is_gone_is_reported(page: Page, translating: Cloud) -> None:
    enter_key(page, key_of(translating))
    page.route(
        "**/translate",
        lambda route: route.fulfill(
            status=503,
            headers={"Retry-After": "30"},
            content_type="application/json",
            body='{"error": "There is no translator from en to de now."}',
        ),
    )
    page.get_by_label("Text to translate").fill("Hello.")
    page.get_by_role("button", name="Translate").click()

    expect(page.get_by_role("status")).to_have_text(
        "There is no translator from en to de now. Try again in 30 s."
    )


def test_hostile_text_stays_text(page: Page, translating: Cloud) -> None:
    enter_key(page, key_of(translating))
    page.get_by_label("Text to translate").fill("<img src=x onerror=alert(1)>")
    page.keyboard.press("Control+Enter")

    result = page.get_by_label("Translation", exact=True)
    expect(result).to_have_value("<img src=x onerror=alert(1)>")


def test_everything_is_reached_by_the_keyboard_and_has_a_name(page: Page) -> None:
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('button, select, textarea, input')]
        .filter((e) => !(e.labels?.length || e.textContent.trim() || e.ariaLabel))
        .map((e) => e.id)"""
    )
    assert unnamed == []
    page.get_by_label("API key").focus()
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert {"source", "target", "text", "translation"} <= set(reached)


def test_a_phone_needs_no_sideways_scrolling(browser: Browser, translating: Cloud) -> None:
    assert translating.api is not None
    page = browser.new_page(viewport=PHONE, device_scale_factor=2)
    page.goto(f"{translating.api.url}#translate")
    page.get_by_label("Text to translate").fill("A" * 300)
    picture(page, "phone")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    small = page.evaluate(
        "[...document.querySelectorAll('button, select')].filter((e) => e.offsetParent)"
        ".filter((e) => e.offsetHeight < 44).map((e) => e.id)"
    )
    assert small == []
    page.close()


def test_dark_mode_follows_the_system(browser: Browser, translating: Cloud) -> None:
    assert translating.api is not None
    page = browser.new_page(color_scheme="dark")
    page.goto(f"{translating.api.url}#translate")
    picture(page, "dark")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 20, 24)"
    page.close()


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_the_page_speaks_the_language_of_the_browser(
    browser: Browser, translating: Cloud, language: str
) -> None:
    """What it shows, and what a screen reader says; the browser names the languages."""
    assert translating.api is not None
    context = browser.new_context(locale=language)
    page = context.new_page()
    page.goto(f"{translating.api.url}#translate")
    expect(page.locator("#source option")).not_to_have_count(0)
    page.locator("#text").fill("Hello.")
    page.locator("#translate-now").click()
    expect(page.get_by_role("status")).not_to_be_empty()
    shown = page.locator("body").inner_text()
    attributes = page.eval_on_selector_all(
        "[aria-label], [title], [placeholder]",
        "all => all.flatMap(one => ['aria-label', 'title', 'placeholder']"
        ".map(name => one.getAttribute(name) ?? ''))",
    )
    assert page.locator("html").get_attribute("lang") == language
    kept = {"API", "Ctrl", "Enter"}
    assert {*re.findall(r"[A-Za-z]{2,}", " ".join([shown, *attributes]))} <= kept
    context.close()
