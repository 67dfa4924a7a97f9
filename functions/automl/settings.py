"""How a dataset is to be trained: stack parameters, overridden by the dataset's own file."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from automl.errors import RefusedError
from reading.names import plain

PRESETS = ("medium", "good", "high", "best")
PROBLEM_TYPES = ("binary", "multiclass", "regression", "quantile")
LANGUAGES = ("en", "ko", "zh-TW")
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
    instance_type: str | None = None
    ignore_columns: tuple[str, ...] = ()
    id_column: str | None = None
    positive_class: str | None = None
    translate_columns: tuple[str, ...] = ()
    translate_source: str | None = None
    translate_target: str | None = None
    report_language: str = "en"
    predictions_format: str = "excel"
    base_model: str | None = None
    """Only for translators: what to fine-tune."""


OF_DATASETS = [field.name for field in fields(Settings) if field.name != "base_model"]


def settings_from_environ(environ: Mapping[str, str]) -> Settings:
    """The stack's defaults; the target column is not among them, for it need not exist."""
    return Settings(
        preset=environ["PRESET"],
        training_minutes=float(environ["TRAINING_MINUTES"]),
        max_cost_usd=float(environ["MAX_COST_USD"]),
        instance_type=environ["INSTANCE_TYPE"] or None,
        report_language=environ["REPORT_LANGUAGE"],
    )


def apply_settings_file(
    defaults: Settings, content: bytes, key: str, known: Sequence[str] | None = None
) -> Settings:
    """The defaults with what a dataset's settings file says instead; raises RefusedError.

    `known` are the settings that mean something here; those of datasets, unless given.
    """
    chosen = _parsed(content, key)
    for name in chosen:
        _require_known(name, key, known or OF_DATASETS)
    read: dict[str, Any] = {k: _READERS[k](value, k, key) for k, value in chosen.items()}
    settings = replace(defaults, **read)
    _require_fitting_metric(settings, key)
    return settings


def _parsed(content: bytes, key: str) -> dict[str, Any]:
    try:
        chosen = json.loads(content.decode("utf-8-sig"))
        # JSON may hold half a character, such as \ud800, which no file can.
        json.dumps(chosen, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"The settings file {key} is not valid JSON: {error}.") from error
    if not isinstance(chosen, dict):
        raise RefusedError(
            f'The settings file {key} must hold one JSON object, such as {{"target": "price"}}.'
        )
    return chosen


def _require_known(name: str, key: str, known: Sequence[str]) -> None:
    if name in known:
        return
    nearest = get_close_matches(name.lower(), known, n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(known)}."
    raise RefusedError(f"The settings file {key} has an unknown setting {name!r}; {hint}")


def _wrong(name: str, value: object, wanted: str, key: str) -> RefusedError:
    return RefusedError(f"In {key}, {name} must be {wanted}, not {json.dumps(value)[:80]}.")


def _text(value: object, name: str, key: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
        return str(value)
    raise _wrong(name, value, "a text", key)


def _texts(value: object, name: str, key: str) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise _wrong(name, value, "a list of column names", key)


def _column(value: object, name: str, key: str) -> str | None:
    text = _text(value, name, key)
    return None if text is None else plain(text)


def _columns(value: object, name: str, key: str) -> tuple[str, ...]:
    return tuple(map(plain, _texts(value, name, key)))


def _number(low: float, high: float) -> Callable[[object, str, str], float]:
    def read(value: object, name: str, key: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise _wrong(name, value, f"a number from {low:g} to {high:g}", key)

    return read


def _one_of(choices: tuple[str, ...], why_not: str = "") -> Callable[[object, str, str], str]:
    def read(value: object, name: str, key: str) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise _wrong(name, value, f"one of {', '.join(choices)}{why_not}", key)

    return read


def _metric(value: object, name: str, key: str) -> str | None:
    text = _text(value, name, key)
    if text is None:
        return None
    metric = METRIC_ALIASES.get(text.lower(), text)
    if metric in METRICS:
        return metric
    nearest = get_close_matches(text.lower(), METRICS, n=1, cutoff=0.5)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else f"; known are {', '.join(METRICS)}."
    raise RefusedError(f"In {key}, eval_metric {text!r} is not known{hint}")


def _require_fitting_metric(settings: Settings, key: str) -> None:
    metric, problem = settings.eval_metric, settings.problem_type
    if metric and problem and problem not in METRICS[metric]:
        fitting = [name for name, problems in METRICS.items() if problem in problems]
        raise RefusedError(
            f"In {key}, eval_metric {metric} does not fit problem_type {problem}; "
            f"use one of {', '.join(fitting)}."
        )


_READERS: dict[str, Callable[[object, str, str], object]] = {
    "target": _column,
    "problem_type": _one_of(PROBLEM_TYPES),
    "eval_metric": _metric,
    "preset": _one_of(PRESETS, " (others download weights, and a training job has no network)"),
    "training_minutes": _number(0.5, 1440),
    "max_cost_usd": _number(0.01, 1000),
    "instance_type": _text,
    "ignore_columns": _columns,
    "id_column": _column,
    "positive_class": _text,
    "translate_columns": _columns,
    "translate_source": _text,
    "translate_target": _text,
    "report_language": _one_of(LANGUAGES),
    "predictions_format": _one_of(PREDICTIONS_FORMATS),
    "base_model": _text,
}
