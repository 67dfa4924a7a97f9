"""The training job against the plain script that one would write by hand, in one run.

Both get the same train and labelled test file and the same minutes. Prints the test score, the
seconds outside the fit, the peak memory, the size of model.tar.gz, the time to load it, how fast
it answers a CSV request of 100,000 rows, and what share of AutoGluon's own speed that is, of the
same models on a ready DataFrame. (The plain script is given a DataFrame.)

    .venv/bin/python benchmarks/training.py samples/titanic_train.csv --target Survived
    .venv/bin/python benchmarks/training.py --million --minutes 5

A test file beside the train file is used when it has the target; else a fifth of the rows is. The
job gets it without the target. The last lines tell the job's lead on the same rows, with its 95%
interval, and the share of the minutes that its fit took. On a busy machine, `--processor-time`
counts seconds of one thread on the processor, not of the clock.
"""

import json
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import psutil
import typer
from rich.console import Console
from rich.table import Table
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from contract.layout import PREDICTIONS
from tests.opt_ml import opt_ml

PLAIN = ROOT / "benchmarks" / "plain_train.py"
# On a busy machine: clocks that count seconds on the processor, and one thread for these.
PROCESSOR_CLOCK = ROOT / "benchmarks" / "processor_clock"
ONE_THREAD = {"AG_CPU_COUNT": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# What the plain script does not do at all; shown apart.
NEW = ("checking", "comparing", "reasons", "explaining", "reporting")
MANY_ROWS = 100_000
ONE_ROW_TIMES, TIMES_DRAWN = 30, 1000
WIDTH = 150
# The folder of another clock for both, before their own path.
CLOCK = "BENCHMARK_CLOCK"
SERVE = """
import json, sys, time
import pandas as pd
kind, folder, file, many = sys.argv[1:]
start = time.perf_counter()
if kind == "plain":
    from autogluon.tabular import TabularPredictor
    model = TabularPredictor.load(folder, verbosity=0)
    model.persist()
    ask = lambda text: model.predict_proba(text) if model.can_predict_proba else model.predict(text)
    read = lambda rows: rows
else:
    sys.path.insert(0, folder + "/code")
    import inference
    model = inference.model_fn(folder)
    ask = lambda text: inference.transform_fn(model, text, "text/csv", "text/csv")
    read = lambda rows: rows.to_csv(index=False)
loading = time.perf_counter() - start
rows = pd.read_csv(file)
one, times = read(rows.head(1)), []
ask(one)
for _ in range(TIMES):
    start = time.perf_counter()
    ask(one)
    times.append(time.perf_counter() - start)
repeated = pd.concat([rows] * (int(many) // len(rows) + 1)).head(int(many))
body = read(repeated)
start = time.perf_counter()
ask(body)
spent = time.perf_counter() - start
bare = spent
if kind == "job":
    # The same models without reading and writing: AutoGluon alone on a ready DataFrame.
    given = model.preprocessor
    features = given.features(inference.request_rows(body, "text/csv", given.needed, ","))
    start = time.perf_counter()
    model.predictor.predict_proba(features, as_multiclass=True) if (
        model.predictor.can_predict_proba) else model.predictor.predict(features)
    bare = time.perf_counter() - start
times.sort()
print(json.dumps({"load_s": loading, "one_row_ms": 1000 * times[len(times) // 2],
                  "rows_per_s": len(repeated) / spent, "of_bare": bare / spent}))
""".replace("TIMES", str(ONE_ROW_TIMES))


@dataclass
class Measured:
    """One of the two on one dataset."""

    score: float
    metric: str
    fit_s: float
    outside_s: float
    new_s: float
    """Of what the other does not do."""
    peak_mb: float
    model_mb: float
    predictions: pd.DataFrame
    served: dict[str, float] = field(default_factory=dict)


def main(
    train: Annotated[list[Path] | None, typer.Argument(help="Train files.")] = None,
    target: Annotated[list[str] | None, typer.Option(help="One per train file, in order.")] = None,
    minutes: Annotated[float, typer.Option(help="For the fit.")] = 1,
    baseline: Annotated[Path, typer.Option(help="Another script to compare with.")] = PLAIN,
    processor_time: Annotated[bool, typer.Option(help="Count seconds on the processor.")] = False,
    million: Annotated[bool, typer.Option(help="Also a million rows of 30 columns.")] = False,
) -> None:
    """Compare on each file and print a table of ratios."""
    if processor_time:
        os.environ.update({CLOCK: str(PROCESSOR_CLOCK), **ONE_THREAD})
    files = list(zip(train or [], target or [], strict=True))
    with tempfile.TemporaryDirectory() as folder:
        if million:
            files.append((synthetic(Path(folder)), "label"))
        leads: list[str] = []
        table = Table(
            *("data", "who", "metric", "score", "fit s", "outside s", "new parts s", "peak MB"),
            *("model MB", "load s", "1 row ms", "rows/s", "of bare"),
        )
        for number, (file, column) in enumerate(files):
            work = Path(folder) / str(number)
            frames = read_and_split(file, column)
            theirs = run_plain(baseline, frames, column, minutes, work / "plain")
            ours = run_job(frames, column, minutes, work / "job")
            name = file.name.removesuffix("_train.csv")
            for who, one in (("plain", theirs), ("job", ours)):
                table.add_row(name, who, one.metric, *cells(one))
            table.add_row(name, "ratio", "", *ratios(ours, theirs), end_section=True)
            leads.append(
                f"{name}: {lead(frames[1][column], ours, theirs)}, "
                f"{ours.fit_s / 60 / minutes:.0%} of the minutes used"
            )
            Console(width=WIDTH).print(table, *leads, sep="\n")


def synthetic(folder: Path, rows: int = 1_200_000) -> Path:
    """25 numbers, five categories of 3 to 2,000 levels, two classes; a sixth is for the test."""
    numbers, label = make_classification(
        rows, 25, n_informative=12, n_redundant=5, flip_y=0.05, class_sep=0.7, random_state=0
    )
    table = pd.DataFrame(numbers.astype("float32"), columns=[f"n{i}" for i in range(25)]).round(5)
    random = np.random.default_rng(0)
    for place, levels in enumerate((3, 8, 40, 300, 2000)):
        ranks = pd.Series(numbers[:, place]).rank(pct=True)
        level = np.where(
            random.random(rows) < 0.5, ranks * levels, random.integers(0, levels, rows)
        )
        table[f"c{place}"] = [f"v{int(value)}" for value in level]
    table["label"] = np.where(label == 1, "yes", "no")
    file = folder / "million_train.csv"
    cut = rows * 5 // 6
    table.iloc[:cut].to_csv(file, index=False)
    table.iloc[cut:].to_csv(folder / "million_test.csv", index=False)
    return file


def read_and_split(file: Path, target: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and test rows, both with the target."""
    delimiter = ";" if ";" in file.open(encoding="utf-8").readline() else ","
    rows = pd.read_csv(file, sep=delimiter)
    beside = file.with_name(file.name.replace("_train.", "_test."))
    if beside.exists() and target in pd.read_csv(beside, nrows=1, sep=delimiter).columns:
        return rows, pd.read_csv(beside, sep=delimiter)
    train, test = train_test_split(rows, test_size=0.2, random_state=0)
    return train, test


def run_plain(
    script: Path, frames: tuple[pd.DataFrame, ...], target: str, minutes: float, work: Path
) -> Measured:
    data, model, out = folders(work, "data", "model", "out")
    for part, frame in zip(("train", "test"), frames, strict=True):
        frame.to_csv(data / f"x_{part}.csv", index=False)
    variables = {
        "SM_CHANNEL_TRAINING": data,
        "SM_MODEL_DIR": model,
        "SM_OUTPUT_DATA_DIR": out,
    }
    arguments = ["--label", target, "--time-limit", str(60 * minutes)]
    text, whole, peak = run([sys.executable, script, *arguments], variables)
    line = next(line for line in text.splitlines() if line.startswith("STAGES "))
    fit = json.loads(line.removeprefix("STAGES "))["fit"]
    predictions = pd.read_csv(next(out.glob("x_test_prediction*.csv"))).rename(
        columns={"Predicted": "prediction"}
    )
    predictions.columns = [
        str(name).replace("proba_", "probability_") for name in predictions.columns
    ]
    metric, score = scored(frames[1][target], predictions)
    served = serve("plain", model, data / "x_test.csv")
    return Measured(score, metric, fit, whole - fit, 0, peak, packed(model), predictions, served)


def run_job(frames: tuple[pd.DataFrame, ...], target: str, minutes: float, work: Path) -> Measured:
    train = frames[0].to_csv(index=False)
    test = frames[1].drop(columns=target).to_csv(index=False)
    job = opt_ml(work, train, test, target=target, training_minutes=minutes, all_rounds=True)
    _, whole, peak = run(job.command(), job.environ)
    seconds = job.performance()["seconds"]
    fit = seconds["fitting"] + seconds.get("refitting", 0)
    new = sum(seconds.get(name, 0) for name in NEW)
    predictions = pd.read_csv(
        job.results / f"{job.dataset}{PREDICTIONS}", encoding="utf-8-sig", dtype={"reasons": str}
    )
    metric, score = scored(frames[1][target], predictions)
    served = serve("job", job.model, job.file("test"))
    outside = whole - fit - new
    mb = packed(job.model)
    return Measured(score, metric, fit, outside, new, peak, mb, predictions, served)


def scored(actual: pd.Series, predictions: pd.DataFrame) -> tuple[str, float]:
    """AUC for two classes, accuracy for more, the root of the mean squared error for numbers."""
    chances = [name for name in predictions.columns if str(name).startswith("probability_")]
    if not chances:
        error = predictions["prediction"].to_numpy(float) - actual.to_numpy(float)
        return "RMSE", float(np.sqrt((error**2).mean()))
    if len(chances) == 2:
        positive = chances[1].removeprefix("probability_")
        return "AUC", float(roc_auc_score(actual.astype(str) == positive, predictions[chances[1]]))
    right = predictions["prediction"].astype(str).to_numpy() == actual.astype(str).to_numpy()
    return "accuracy", float(right.mean())


def lead(actual: pd.Series, ours: Measured, theirs: Measured) -> str:
    """Say how much better the job is on the same rows, with a 95% bootstrap interval."""
    sign = -1 if ours.metric == "RMSE" else 1

    def difference(rows: Any) -> float:
        mine, other = (
            scored(actual.iloc[rows], one.predictions.iloc[rows])[1] for one in (ours, theirs)
        )
        return sign * (mine - other)

    random = np.random.default_rng(0)
    drawn = [difference(random.integers(0, len(actual), len(actual))) for _ in range(TIMES_DRAWN)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    verdict = "better" if low > 0 else "worse" if high < 0 else "equal"
    return f"{difference(slice(None)):+.4g} [{low:+.4g}, {high:+.4g}], {verdict}"


def run(command: list[Any], variables: Mapping[str, Any]) -> tuple[str, float, float]:
    """What it prints, its seconds by the clock that it has, and the peak of its private memory."""
    environ = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    paths = [environ.get(CLOCK, ""), environ.get("PYTHONPATH", "")]
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    start = spent()
    with tempfile.TemporaryFile("w+") as out:
        child = subprocess.Popen(
            list(map(str, command)), env=environ, stdout=out, stderr=out, text=True
        )
        with watched(child.pid) as peak:
            child.wait()
        out.seek(0)
        text = out.read()
    if child.returncode:
        sys.exit(text[-3000:])
    return text, spent() - start, peak[0]


def spent() -> float:
    """Of the clock, or of children on the processor where these have that clock."""
    if CLOCK not in os.environ:
        return time.time()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """The most that a process and its children had at a time, in MB, without what they share."""
    peak, over = [0.0], threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            try:
                root = psutil.Process(pid)
                infos = [one.memory_info() for one in (root, *root.children(recursive=True))]
            except psutil.Error:
                continue
            peak[0] = max(
                peak[0], sum(one.rss - getattr(one, "shared", 0) for one in infos) / 2**20
            )

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def serve(kind: str, model: Path, rows: Path) -> dict[str, float]:
    command = [sys.executable, "-c", SERVE, kind, str(model), str(rows), str(MANY_ROWS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def packed(model: Path) -> float:
    """As model.tar.gz, in MB."""
    with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
        with tarfile.open(file.name, "w:gz", compresslevel=6) as archive:
            archive.add(model, arcname=".")
        return Path(file.name).stat().st_size / 1e6


def folders(work: Path, *names: str) -> list[Path]:
    for name in names:
        (work / name).mkdir(parents=True)
    return [work / name for name in names]


def numbers(one: Measured) -> list[float]:
    served = [one.served[name] for name in ("load_s", "one_row_ms", "rows_per_s", "of_bare")]
    return [one.score, one.fit_s, one.outside_s, one.new_s, one.peak_mb, one.model_mb, *served]


def cells(one: Measured) -> list[str]:
    return [f"{value:,.4g}" for value in numbers(one)]


def ratios(one: Measured, other: Measured) -> list[str]:
    pairs = zip(numbers(one), numbers(other), strict=True)
    return [f"{a / b:.2f}" if b else "" for a, b in pairs]


if __name__ == "__main__":
    typer.run(main)
