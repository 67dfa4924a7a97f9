"""From the input files to what is fitted, scored and predicted."""

from dataclasses import dataclass, field

import pandas as pd
from sklearn.model_selection import train_test_split

from failure import TrainingError
from job_spec import JobSpec
from problem import Problem, class_labels, decide_problem
from tables import Table, as_numbers, features, missing, not_numbers, number_columns, read_table

HOLD_OUT = 0.2
SEED = 0


@dataclass(frozen=True)
class Prepared:
    """Typed rows, with the target as the last column where there is one."""

    problem: Problem
    fit: pd.DataFrame
    scored: pd.DataFrame
    """Rows that no model has seen, with their target."""
    scored_on: str
    """`test file` or `hold-out`."""
    test: Table | None
    test_features: pd.DataFrame | None
    warnings: list[str] = field(default_factory=list)

    @property
    def has_hold_out(self) -> bool:
        return self.scored_on == "hold-out"


def prepare(spec: JobSpec) -> Prepared:
    """Read, check and split; raises TrainingError in words."""
    train = read_table(spec.train)
    if spec.target not in train.text.columns:
        raise TrainingError(f"The file {spec.train.path.name} has no column {spec.target!r}.")
    warnings: list[str] = []
    target = train.text[spec.target]
    problem = decide_problem(target, spec)
    names, numbers = _feature_names(train.text, spec, warnings)
    rows = features(train.text, names, numbers)
    rows[spec.target] = typed_target(target, problem)
    rows = _without_missing_target(rows, spec, warnings)
    test = read_table(spec.test) if spec.test else None
    test_features = None if test is None else _test_features(test, names, numbers, warnings)
    scored = None if test is None else _labelled(test, test_features, spec, problem, rows, warnings)
    if scored is not None:
        return Prepared(problem, rows, scored, "test file", test, test_features, warnings)
    fit, held_out = _split(rows, spec.target, problem)
    return Prepared(problem, fit, held_out, "hold-out", test, test_features, warnings)


def typed_target(target: "pd.Series[str]", problem: Problem) -> pd.Series:
    """Class labels as texts, or numbers; missing where there is no value."""
    if not problem.has_classes:
        return as_numbers(target)
    labels: pd.Series = class_labels(target[~missing(target)]).reindex(target.index)
    return labels


def _feature_names(
    text: pd.DataFrame, spec: JobSpec, warnings: list[str]
) -> tuple[list[str], frozenset[str]]:
    aside = {spec.target, spec.id_column, *spec.ignore_columns}
    names = [str(name) for name in text.columns if name not in aside]
    constant = [name for name in names if text[name].nunique() <= 1]
    if constant:
        warnings.append(f"Columns with one value in all rows were left out: {_list(constant)}.")
    varied = [name for name in names if name not in constant]
    copies = [name for name in varied if text[name].equals(text[spec.target])]
    if copies:
        warnings.append(f"Columns that are a copy of the target were left out: {_list(copies)}.")
    kept = [name for name in varied if name not in copies]
    if not kept:
        raise TrainingError(
            f"Beside the target {spec.target!r} no column holds anything to learn from."
        )
    return kept, number_columns(text[kept])


def _without_missing_target(rows: pd.DataFrame, spec: JobSpec, warnings: list[str]) -> pd.DataFrame:
    kept = rows[rows[spec.target].notna()]
    if len(kept) < len(rows):
        warnings.append(
            f"{len(rows) - len(kept)} of {len(rows)} train rows have no value in the target "
            f"{spec.target!r} and were left out."
        )
    return kept.reset_index(drop=True)


def _test_features(
    test: Table, names: list[str], numbers: frozenset[str], warnings: list[str]
) -> pd.DataFrame:
    lacking = [name for name in names if name not in test.text.columns]
    if lacking:
        raise TrainingError(
            f"The test file lacks {len(lacking)} of the train file's columns: {_list(lacking)}."
        )
    warnings += not_numbers(test.text, numbers)
    return features(test.text, names, numbers)


def _labelled(
    test: Table,
    rows: pd.DataFrame | None,
    spec: JobSpec,
    problem: Problem,
    train: pd.DataFrame,
    warnings: list[str],
) -> pd.DataFrame | None:
    """The test rows whose target is known and could have been learnt; None when there are none."""
    if rows is None or spec.target not in test.text.columns:
        return None
    target = typed_target(test.text[spec.target], problem)
    known = target.notna()
    if problem.has_classes:
        unseen = known & ~target.isin(train[spec.target].unique())
        if unseen.any():
            warnings.append(
                f"{int(unseen.sum())} test rows have a class that train never has "
                f"({_list(sorted(target[unseen].unique()))}); they are predicted but not scored."
            )
        known &= ~unseen
    if not known.any():
        return None
    if not known.all():
        warnings.append(f"{int(known.sum())} of {len(test)} test rows could be scored.")
    return rows[known].assign(**{spec.target: target[known]})


def _split(rows: pd.DataFrame, target: str, problem: Problem) -> tuple[pd.DataFrame, pd.DataFrame]:
    classes = rows[target] if problem.has_classes else None
    if classes is not None:
        counts = classes.value_counts()
        # A class of one row can only be learnt or scored, and a stratified split takes neither.
        splittable = rows[classes.isin(counts[counts > 1].index)]
        fit, held_out = train_test_split(
            splittable,
            test_size=max(HOLD_OUT, len(counts[counts > 1]) / len(splittable)),
            stratify=splittable[target],
            random_state=SEED,
        )
        return rows.drop(index=held_out.index), held_out
    fit, held_out = train_test_split(rows, test_size=HOLD_OUT, random_state=SEED)
    return fit.sort_index(), held_out


def _list(names: list[str]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"{', '.join(names[:20])}{more}"
