"""How a dataset is to be trained: stack parameters, overridden by the dataset's own file."""

import codecs
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from contract.bounds import (
    KEEP_REQUESTS,
    LANGUAGES,
    MAX_COST_USD,
    MINUTES,
    MISS_COSTS,
    PRESETS,
    SERVES,
    TAKE_OVERS,
    THRESHOLD,
    WHAT_IF_WISHES,
    Serve,
    TakeOver,
    WhatIfWish,
)
from contract.date_order import DATE_ORDERS, DateOrder
from contract.messages import Message, message
from pipeline.errors import RefusedError
from reading.names import plain

PROBLEM_TYPES = ("binary", "multiclass", "regression", "quantile")
# plain: texts as they were; excel: a byte order mark, and no cell that is taken for a formula.
PREDICTIONS_FORMATS = ("excel", "plain")
# AutoGluon 1.6.3, autogluon.core.metrics; the short names are what people write.
METRIC_ALIASES = {"auc": "roc_auc", "auroc": "roc_auc", "rmse": "root_mean_squared_error"}
BOTH = ("binary", "multiclass")
METRICS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("accuracy", "balanced_accuracy", "log_loss", "mcc", "quadratic_kappa"), BOTH),
    **dict.fromkeys(
        tuple(
            f"{score}_{average}"
            for score in ("f1", "precision", "recall")
            for average in ("macro", "micro", "weighted")
        ),
        BOTH,
    ),
    **dict.fromkeys(("f1", "precision", "recall", "roc_auc", "average_precision"), ("binary",)),
    **dict.fromkeys(
        ("roc_auc_ovo", "roc_auc_ovr", "roc_auc_ovo_weighted", "roc_auc_ovr_weighted"),
        ("multiclass",),
    ),
    **dict.fromkeys(
        (
            "root_mean_squared_error",
            "mean_squared_error",
            "mean_absolute_error",
            "median_absolute_error",
            "mean_absolute_percentage_error",
            "symmetric_mean_absolute_percentage_error",
            "r2",
            "pearsonr",
            "spearmanr",
        ),
        ("regression",),
    ),
    "pinball_loss": ("quantile",),
}


@dataclass(frozen=True)
class Settings:
    """Everything a user may choose, for the stack or for one dataset."""

    target: str | None = None
    problem_type: str | None = None
    eval_metric: str | None = None
    preset: str = "medium"
    training_minutes: float = 10.0
    max_cost_usd: float = 1.0
    max_cost_usd_in_settings: float = 1.0
    """Only of a stack: the most that a settings file may set max_cost_usd to."""
    instance_type: str | None = None
    ignore_columns: tuple[str, ...] = ()
    id_column: str | None = None
    positive_class: str | None = None
    keep_columns: tuple[str, ...] = ()
    missing_values: tuple[str, ...] | None = None
    merge_classes: bool = False
    threshold: float | None = None
    """The probability from which on a row is predicted as the positive class."""
    miss_costs: float | None = None
    """The cost of missing a positive row, in false alarms; it decides the threshold."""
    group_column: str | None = None
    """Rows with the same value in it are never split between learning and scoring."""
    time_column: str | None = None
    """Rows that are later by it never teach earlier ones; the latest are scored."""
    date_order: DateOrder | None = None
    encoding: str | None = None
    translate_columns: tuple[str, ...] = ()
    translate_source: str | None = None
    translate_target: str | None = None
    report_language: str = "en"
    predictions_format: str = "excel"
    reason_columns: bool = False
    """Whether the predictions have each reason as columns too, for programs."""
    keep_requests: float = 0.0
    """Percent of the API's requests whose rows are kept for a month and compared with train."""
    take_over: TakeOver = "if_not_worse"
    """Whether a new model may answer requests in place of the one that does."""
    serve: Serve = "function"
    """What answers requests with the model."""
    what_if: WhatIfWish = "auto"
    """Whether the report has a form that answers rows."""
    base_model: str | None = None
    """Only for translators: what to fine-tune."""


EXAMPLE = '{"target": "price"}'
LONGEST_SHOWN = 80
OF_OTHERS = ("base_model", "max_cost_usd_in_settings")
OF_DATASETS = [field.name for field in fields(Settings) if field.name not in OF_OTHERS]


def settings_from_environ(environ: Mapping[str, str]) -> Settings:
    """The stack's defaults; the target column is not among them, for it need not exist."""
    serve: Any = environ["SERVE"]
    return replace(
        caps_from_environ(environ),
        serve=serve,
        preset=environ["PRESET"],
        training_minutes=float(environ["TRAINING_MINUTES"]),
        instance_type=environ["INSTANCE_TYPE"] or None,
        report_language=environ["REPORT_LANGUAGE"],
    )


def caps_from_environ(environ: Mapping[str, str]) -> Settings:
    """What the stack allows an upload to cost; all else is as it is without a stack."""
    cap = float(environ["MAX_COST_USD"])
    # 0 is the template's way to say: the same.
    in_settings = float(environ["MAX_COST_USD_IN_SETTINGS"]) or cap
    return Settings(max_cost_usd=cap, max_cost_usd_in_settings=in_settings)


def apply_settings_file(
    defaults: Settings, content: bytes, key: str, known: Sequence[str] | None = None
) -> Settings:
    """The defaults with what a dataset's settings file says instead; raises RefusedError.

    `known` are the settings that mean something here; those of datasets, unless given.
    """
    with in_settings_file(key):
        return apply_settings(defaults, parse_object(content, EXAMPLE), known)


def apply_settings(
    defaults: Settings, chosen: Mapping[str, object], known: Sequence[str] | None = None
) -> Settings:
    """The defaults with the chosen values instead; raises RefusedError for the first wrong one."""
    for name in chosen:
        require_setting(name, known or OF_DATASETS)
    read: dict[str, Any] = {k: _READERS[k](value, k) for k, value in chosen.items()}
    settings = replace(defaults, **read)
    if "max_cost_usd" in read:
        _require_cap_below(defaults.max_cost_usd_in_settings, settings.max_cost_usd)
    settings = _binary_if_threshold(settings)
    _require_fitting_metric(settings)
    return settings


def language_of(default: str, content: bytes | None) -> str:
    """The report_language of a settings file, however wrong the rest of it is; else the default."""
    try:
        chosen = parse_object(content or b"{}", EXAMPLE).get("report_language")
    except RefusedError:
        return default
    return chosen if isinstance(chosen, str) and chosen in LANGUAGES else default


@contextmanager
def in_settings_file(key: str) -> Iterator[None]:
    """Put the settings file's name before whatever is wrong in it."""
    try:
        yield
    except RefusedError as error:
        raise RefusedError(message("settings.in_file", file=key, reason=error.message)) from error


def parse_object(content: bytes, example: str) -> dict[str, object]:
    """The JSON object that a settings file holds; raises RefusedError, which shows an example."""
    try:
        chosen = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_without_repeats)
        # JSON may hold half a character, such as \ud800, which no file can.
        json.dumps(chosen, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        wrong = message("settings.not_json", line=error.lineno, column=error.colno)
        raise RefusedError(wrong) from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(message("settings.not_text")) from error
    if not isinstance(chosen, dict):
        raise RefusedError(message("settings.not_object", example=example))
    return chosen


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON; of a key that it has twice, one value would be ignored in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(name for name, _ in pairs)
        repeated = next(name for name in found if times[name] > 1)
        raise RefusedError(message("settings.repeated", setting=repeated))
    return found


def require_setting(name: str, known: Sequence[str]) -> None:
    """Raise RefusedError, with the nearest known setting, for a name that is not a setting."""
    if name in known:
        return
    nearest = get_close_matches(name.lower(), known, n=1, cutoff=0.4)
    if nearest:
        raise RefusedError(message("settings.unknown_near", setting=name, nearest=nearest[0]))
    raise RefusedError(message("settings.unknown", setting=name, known=tuple(known)))


def wrong(name: str, value: object, wanted: Message) -> RefusedError:
    shown = json.dumps(value, ensure_ascii=False)[:LONGEST_SHOWN]
    return RefusedError(message("settings.wrong", setting=name, wanted=wanted, value=shown))


def _text(value: object, name: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
        return str(value)
    raise wrong(name, value, message("want.text"))


def _texts(value: object, name: str, want: str = "want.texts") -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise wrong(name, value, message(want))


def _yes_or_no(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return value
    raise wrong(name, value, message("want.yes_or_no"))


def _encoding(value: object, name: str) -> str | None:
    if value is None:
        return None
    with suppress(LookupError, ValueError):
        if isinstance(value, str) and codecs.lookup(value)._is_text_encoding:
            return codecs.lookup(value).name
    raise wrong(name, value, message("want.encoding"))


def _column(value: object, name: str) -> str | None:
    text = _text(value, name)
    return None if text is None else plain(text)


def _columns(value: object, name: str) -> tuple[str, ...]:
    return tuple(map(plain, _texts(value, name, "want.columns")))


def _number(low: float, high: float) -> Callable[[object, str], float]:
    def read(value: object, name: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise wrong(name, value, message("want.number", low=low, high=high))

    return read


def _one_of(choices: tuple[str, ...], want: str = "want.choice") -> Callable[[object, str], str]:
    def read(value: object, name: str) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise wrong(name, value, message(want, choices=choices))

    return read


def _metric(value: object, name: str) -> str | None:
    text = _text(value, name)
    if text is None:
        return None
    metric = METRIC_ALIASES.get(text.lower(), text)
    if metric in METRICS:
        return metric
    nearest = get_close_matches(text.lower(), METRICS, n=1, cutoff=0.5)
    if nearest:
        raise RefusedError(message("settings.metric_near", metric=text, nearest=nearest[0]))
    raise RefusedError(message("settings.metric", metric=text, known=tuple(METRICS)))


def _require_cap_below(most: float, asked: float) -> None:
    """An uploader may lower the cap of the stack, but not raise it."""
    if asked > most:
        raise RefusedError(message("settings.cap_too_high", asked=asked, most=most))


def _require_fitting_metric(settings: Settings) -> None:
    metric, problem = settings.eval_metric, settings.problem_type
    if metric and problem and problem not in METRICS[metric]:
        fitting = tuple(name for name, problems in METRICS.items() if problem in problems)
        raise RefusedError(
            message("settings.metric_misfit", metric=metric, problem=problem, fitting=fitting)
        )


def _binary_if_threshold(settings: Settings) -> Settings:
    """The same, for two classes: nothing else has a threshold."""
    given = [name for name in ("threshold", "miss_costs") if getattr(settings, name) is not None]
    if not given:
        return settings
    if len(given) > 1:
        raise RefusedError(message("settings.two_thresholds"))
    if settings.problem_type not in (None, "binary"):
        problem = settings.problem_type
        raise RefusedError(message("settings.no_threshold", setting=given[0], problem=problem))
    return replace(settings, problem_type="binary")


_READERS: dict[str, Callable[[object, str], object]] = {
    "target": _column,
    "problem_type": _one_of(PROBLEM_TYPES),
    "eval_metric": _metric,
    "preset": _one_of(PRESETS, "want.preset"),
    "training_minutes": _number(*MINUTES),
    "max_cost_usd": _number(*MAX_COST_USD),
    "instance_type": _text,
    "ignore_columns": _columns,
    "id_column": _column,
    "positive_class": _text,
    "keep_columns": _columns,
    "missing_values": _texts,
    "merge_classes": _yes_or_no,
    "threshold": _number(*THRESHOLD),
    "miss_costs": _number(*MISS_COSTS),
    "group_column": _column,
    "time_column": _column,
    "date_order": _one_of(DATE_ORDERS),
    "encoding": _encoding,
    "translate_columns": _columns,
    "translate_source": _text,
    "translate_target": _text,
    "report_language": _one_of(LANGUAGES),
    "predictions_format": _one_of(PREDICTIONS_FORMATS),
    "reason_columns": _yes_or_no,
    "keep_requests": _number(*KEEP_REQUESTS),
    "take_over": _one_of(TAKE_OVERS),
    "serve": _one_of(SERVES),
    "what_if": _one_of(WHAT_IF_WISHES),
    "base_model": _text,
}
