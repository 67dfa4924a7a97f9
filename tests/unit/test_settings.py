import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.bounds import MAX_COST_USD
from pipeline.errors import RefusedError
from pipeline.settings import (
    EXAMPLE,
    Settings,
    apply_settings_file,
    language_of,
    settings_from_environ,
)
from tests.messages import raises

KEY = "data/titanic.json"


def applied(**chosen: object) -> Settings:
    return apply_settings_file(Settings(), json.dumps(chosen).encode(), KEY)


def test_a_settings_file_overrides_the_stack_and_leaves_the_rest() -> None:
    stack = settings_from_environ(
        {
            "PRESET": "good",
            "TRAINING_MINUTES": "60",
            "MAX_COST_USD": "2.5",
            "MAX_COST_USD_IN_SETTINGS": "0",
            "INSTANCE_TYPE": "",
            "REPORT_LANGUAGE": "ko",
            "SERVE": "serverless",
        }
    )
    settings = apply_settings_file(stack, b'{"target": "Survived", "preset": "best"}', KEY)
    assert settings == Settings(
        target="Survived",
        preset="best",
        training_minutes=60,
        max_cost_usd=2.5,
        max_cost_usd_in_settings=2.5,
        report_language="ko",
        serve="serverless",
    )


def stack_with(cap: str, in_settings: str) -> Settings:
    rest = {
        "PRESET": "medium",
        "TRAINING_MINUTES": "10",
        "INSTANCE_TYPE": "",
        "REPORT_LANGUAGE": "en",
        "SERVE": "function",
    }
    caps = {"MAX_COST_USD": cap, "MAX_COST_USD_IN_SETTINGS": in_settings}
    return settings_from_environ({**rest, **caps})


@given(st.integers(5, 100_000), st.integers(0, 100_000), st.floats(*MAX_COST_USD, allow_nan=False))
def test_a_settings_file_never_allows_itself_more_than_the_stack_does(
    cents: int, cents_in_settings: int, asked: float
) -> None:
    stack = stack_with(str(cents / 100), str(cents_in_settings / 100))
    most = cents_in_settings / 100 or cents / 100
    content = json.dumps({"max_cost_usd": asked}).encode()
    if asked <= most:
        assert apply_settings_file(stack, content, KEY).max_cost_usd == asked
    else:
        with raises(RefusedError, "settings.cap_too_high", asked=asked, most=most):
            apply_settings_file(stack, content, KEY)


def test_what_only_a_stack_may_say_is_no_setting_of_a_file() -> None:
    with pytest.raises(RefusedError) as refused:
        applied(max_cost_usd_in_settings=1000)
    assert refused.value.message.root.code == "settings.unknown_near"


@pytest.mark.parametrize(
    "content",
    [b'{"target": "a", "preset": "good", "target": "b"}', b'{"x": {"a": 1, "a": 2}}'],
)
def test_a_key_that_is_there_twice_is_refused_by_name(content: bytes) -> None:
    with raises(RefusedError, "settings.repeated"):
        apply_settings_file(Settings(), content, KEY)
    assert language_of("ko", content) == "ko"


def test_a_key_that_is_there_twice_among_many_is_found_about_as_fast_as_a_wrong_one() -> None:
    pairs = [f'"k{n}": 1' for n in range(20_000)]

    def seconds(code: str, last: str) -> float:
        before = time.process_time()
        with raises(RefusedError, code):
            apply_settings_file(Settings(), f"{{{', '.join([*pairs, last])}}}".encode(), KEY)
        return time.process_time() - before

    wrong = seconds("settings.unknown", '"last": 1')
    assert seconds("settings.repeated", pairs[-1]) < 20 * wrong


@pytest.mark.parametrize("chosen", [{"threshold": 0.2}, {"miss_costs": 4}])
def test_a_threshold_is_for_two_classes_and_decided_once(chosen: dict[str, object]) -> None:
    assert applied(**chosen).problem_type == "binary"
    with raises(RefusedError, "settings.no_threshold", problem="regression"):
        applied(problem_type="regression", **chosen)
    with raises(RefusedError, "settings.metric_misfit"):
        applied(eval_metric="r2", **chosen)
    with raises(RefusedError, "settings.two_thresholds"):
        applied(threshold=0.2, miss_costs=4)


def test_a_byte_order_mark_from_notepad_does_no_harm() -> None:
    content = b'\xef\xbb\xbf{"target": "y"}'
    assert apply_settings_file(Settings(), content, KEY).target == "y"


def test_spaces_around_a_column_count_neither_here_nor_in_the_file() -> None:
    settings = applied(target=" price ", ignore_columns=["a ", "b"])
    assert (settings.target, settings.ignore_columns) == ("price", ("a", "b"))


def test_a_column_to_split_by_is_read_like_any_column() -> None:
    chosen = applied(group_column=" customer ", time_column="day ")
    assert (chosen.group_column, chosen.time_column) == ("customer", "day")


def test_a_positive_class_may_be_written_as_a_number() -> None:
    assert applied(positive_class=1).positive_class == "1"


@pytest.mark.parametrize(
    ("metric", "meant"), [("auc", "roc_auc"), ("rmse", "root_mean_squared_error")]
)
def test_a_usual_metric_name_becomes_the_one_of_autogluon(metric: str, meant: str) -> None:
    assert applied(eval_metric=metric).eval_metric == meant


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"taget": "y"}, "settings.unknown_near"),
        ({"zzz": 1}, "settings.unknown"),
        ({"preset": "extreme"}, "want.preset"),
        ({"preset": ["medium"]}, "want.preset"),
        ({"training_minutes": "10"}, "want.number"),
        ({"training_minutes": 0}, "want.number"),
        ({"training_minutes": True}, "want.number"),
        ({"max_cost_usd": -1}, "want.number"),
        ({"base_model": "a"}, "settings.unknown_near"),
        ({"ignore_columns": "a"}, "want.columns"),
        ({"target": ""}, "want.text"),
        ({"target": {"a": 1}}, "want.text"),
        ({"report_language": "de"}, "want.choice"),
        ({"predictions_format": "pdf"}, "want.choice"),
        ({"problem_type": "clustering"}, "want.choice"),
        ({"eval_metric": "acuracy"}, "settings.metric_near"),
        ({"eval_metric": "f1", "problem_type": "multiclass"}, "settings.metric_misfit"),
        ({"eval_metric": "r2", "problem_type": "binary"}, "settings.metric_misfit"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_would_be_right(
    chosen: dict[str, object], code: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        applied(**chosen)
    said = refused.value.message
    wanted = said.root.values.get("wanted", said.root)
    assert (said.code, said.values["file"], wanted.code) == ("settings.in_file", KEY, code)


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b'{"a": NaN', b"[" * 100_000])
def test_what_is_not_json_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(RefusedError) as refused:
        apply_settings_file(Settings(), content, KEY)
    assert refused.value.message.values["file"] == KEY
    assert refused.value.message.root.code in ("settings.not_json", "settings.not_text")


def test_json_that_is_no_object_is_refused_with_an_example() -> None:
    with raises(RefusedError, "settings.not_object", example=EXAMPLE):
        apply_settings_file(Settings(), b"[]", KEY)


@pytest.mark.parametrize(
    ("content", "language"),
    [
        (None, "ko"),
        (b'{"report_language": "zh-TW", "preset": "wrong"}', "zh-TW"),
        (b'{"report_language": "de"}', "ko"),
        (b'{"report_language": 1}', "ko"),
        (b"{", "ko"),
    ],
)
def test_the_language_is_known_however_wrong_the_rest_is(
    content: bytes | None, language: str
) -> None:
    assert language_of("ko", content) == language


@pytest.mark.parametrize("column", [1, 3])
def test_wrong_json_is_named_by_its_place(column: int) -> None:
    with raises(RefusedError, "settings.not_json", line=2, column=column):
        apply_settings_file(Settings(), b"{\n" + b" " * (column - 1) + b"x}", KEY)
