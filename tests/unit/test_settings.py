import json

import pytest

from automl.errors import RefusedError
from automl.settings import Settings, apply_settings_file, settings_from_environ

KEY = "data/titanic.json"


def applied(**chosen: object) -> Settings:
    return apply_settings_file(Settings(), json.dumps(chosen).encode(), KEY)


def test_a_settings_file_overrides_the_stack_and_leaves_the_rest() -> None:
    stack = settings_from_environ(
        {
            "PRESET": "good",
            "TRAINING_MINUTES": "60",
            "MAX_COST_USD": "2.5",
            "INSTANCE_TYPE": "",
            "REPORT_LANGUAGE": "ko",
        }
    )
    settings = apply_settings_file(stack, b'{"target": "Survived", "preset": "best"}', KEY)
    assert settings == Settings(
        target="Survived",
        preset="best",
        training_minutes=60,
        max_cost_usd=2.5,
        report_language="ko",
    )


def test_a_byte_order_mark_from_notepad_does_no_harm() -> None:
    content = b'\xef\xbb\xbf{"target": "y"}'
    assert apply_settings_file(Settings(), content, KEY).target == "y"


def test_spaces_around_a_column_count_neither_here_nor_in_the_file() -> None:
    settings = applied(target=" price ", ignore_columns=["a ", "b"])
    assert (settings.target, settings.ignore_columns) == ("price", ("a", "b"))


def test_a_positive_class_may_be_written_as_a_number() -> None:
    assert applied(positive_class=1).positive_class == "1"


@pytest.mark.parametrize(
    ("metric", "meant"), [("auc", "roc_auc"), ("rmse", "root_mean_squared_error")]
)
def test_a_usual_metric_name_becomes_the_one_of_autogluon(metric: str, meant: str) -> None:
    assert applied(eval_metric=metric).eval_metric == meant


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"taget": "y"}, "did you mean 'target'"),
        ({"zzz": 1}, "known are target"),
        ({"preset": "extreme"}, "no network"),
        ({"preset": ["medium"]}, "one of medium"),
        ({"training_minutes": "10"}, "a number from 0.5"),
        ({"training_minutes": 0}, "a number from 0.5"),
        ({"training_minutes": True}, "a number from 0.5"),
        ({"max_cost_usd": -1}, "a number from 0.01"),
        ({"base_model": "a"}, "unknown setting"),
        ({"ignore_columns": "a"}, "a list of column names"),
        ({"target": ""}, "a text"),
        ({"target": {"a": 1}}, "a text"),
        ({"report_language": "de"}, "one of en, ko, zh-TW"),
        ({"predictions_format": "pdf"}, "one of excel, plain"),
        ({"problem_type": "clustering"}, "one of binary"),
        ({"eval_metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"eval_metric": "f1", "problem_type": "multiclass"}, "f1_macro"),
        ({"eval_metric": "r2", "problem_type": "binary"}, "does not fit"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_would_be_right(
    chosen: dict[str, object], words: str
) -> None:
    with pytest.raises(RefusedError, match=words):
        applied(**chosen)


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b'{"a": NaN', b"[" * 100_000])
def test_what_is_not_json_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(RefusedError, match=r"data/titanic\.json is not valid JSON"):
        apply_settings_file(Settings(), content, KEY)


def test_json_that_is_no_object_is_refused_with_an_example() -> None:
    with pytest.raises(RefusedError, match='"target": "price"'):
        apply_settings_file(Settings(), b"[]", KEY)
