"""What is written down of an ended job, so that it can be compared with the others."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from contract.job import InputFile, Job, TranslatorJob, settings_of
from contract.layout import NAMED_PORTABLE, job_of_model, model_key
from contract.live import Live
from contract.runs import Compared, Input, Made, Measured, Run, Runs, change_text
from contract.spreadsheet import safe_row
from pipeline.status import Status

# Settings of the machine that every job is given.
OF_THE_MACHINE = ("max_cost_usd", "instance_type", "spot")
COLUMNS = (
    *("job", "made", "version", "state", "answers", "uploaded", "ended"),
    *("train_file", "train_sha256", "train_etag", "train_rows"),
    *("test_file", "test_sha256", "test_etag", "test_rows", "query"),
    *("changed", "seeds", "metric", "score", "low", "high", "scored_on", "rows"),
    *("same_rows_as", "compared_with", "its_score", "this_one_is", "verdict"),
    *("model_job", "after", "usd", "billed_seconds", "instance_type", "versions", "settings"),
)
PART_COLUMNS = ("file", "sha256", "etag", "rows")


def run_of(
    status: Status,
    spec: Job | None,
    performance: Mapping[str, Any] | None,
    passport: Mapping[str, Any] | None,
    ended: str,
) -> Run:
    """The run of an ended job, from its own status and, as far as they are there, its files."""
    assert status.job is not None
    performance, passport, cost = performance or {}, passport or {}, status.cost
    own = model_key(status.job)
    made = status.state == "completed" and status.model is not None
    seeds = {"models": spec.seed} if isinstance(spec, TranslatorJob) else passport.get("seeds", {})
    return Run(
        job=status.job,
        made=_made(spec, status),
        state=status.state,
        uploaded=status.uploaded or "",
        ended=ended,
        data=_data(spec, performance, passport) if spec else (),
        settings=_settings(spec) if spec else {},
        seeds=seeds,
        versions=passport.get("versions", {}),
        measured=_measured(status, performance),
        verdict=status.verdict["color"] if status.verdict else None,
        champion=_compared(performance.get("champion")),
        model_job=job_of_model(status.model or own) if made else "",
        after=spec.after.job if spec and spec.after else "",
        usd=cost["usd"] if cost and cost["instance_type"] else None,
        billed_seconds=cost["billed_seconds"] if cost else 0,
        instance_type=cost["instance_type"] if cost else "",
        portable=NAMED_PORTABLE in status.files,
    )


def runs_csv(runs: Runs, live: Live | None) -> bytes:
    """A line per run, the oldest first; no cell is a formula."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(safe_row(COLUMNS))
    for run in runs.all:
        cells = _cells(runs, run, live)
        rows.writerow(safe_row(cells.get(column, "") for column in COLUMNS))
    # The byte order mark makes Excel read the file as UTF-8.
    return written.getvalue().encode("utf-8-sig")


def _cells(runs: Runs, run: Run, live: Live | None) -> Mapping[str, object]:
    measured, champion = run.measured, run.champion
    cells: dict[str, object] = {
        name: value
        for name in COLUMNS
        if isinstance(value := getattr(run, name, None), str | int | float)
    }
    for part in run.data:
        cells |= {f"{part.part}_{name}": getattr(part, name) or "" for name in PART_COLUMNS}
        cells |= {"query": part.query} if part.query else {}
    if measured:
        low, high = measured.interval or ("", "")
        cells |= {"metric": measured.metric, "score": measured.score, "low": low, "high": high}
        cells |= {"scored_on": measured.scored_on, "rows": measured.rows}
    if champion:
        score = "" if champion.score is None else champion.score
        cells |= {"compared_with": champion.job, "its_score": score}
        cells |= {"this_one_is": champion.verdict}
    return cells | {
        "version": runs.versions.get(run.job, ""),
        "answers": runs.answers(run, live),
        "changed": "; ".join(map(change_text, runs.changes(run) or ())),
        "seeds": _pairs(run.seeds),
        "versions": _pairs(run.versions),
        "same_rows_as": " ".join(one.job for one in runs.on_same_rows(run)),
        "settings": json.dumps(run.settings, ensure_ascii=False) if run.settings else "",
    }


def _pairs(found: Mapping[str, object]) -> str:
    return "; ".join(f"{name} {value}" for name, value in found.items())


def _made(spec: Job | None, status: Status) -> Made:
    if spec is not None:
        return spec.kind
    # Without job.json: who has predicted names the model of another job.
    other = status.model is not None and status.model != model_key(status.job or "")
    return "predictions" if other else "model"


def _settings(spec: Job) -> Mapping[str, object]:
    rented = () if spec.free_of_charge else OF_THE_MACHINE
    return settings_of(spec) | {name: getattr(spec, name) for name in rented}


def _data(
    spec: Job, performance: Mapping[str, Any], passport: Mapping[str, Any]
) -> tuple[Input, ...]:
    digests, rows = passport.get("sha256", {}), passport.get("rows", {})
    found = []
    for part, file in (("train", spec.train), ("test", spec.test)):
        if isinstance(file, InputFile):
            count = rows.get(part) or (performance.get("rows_in_file") if part == "test" else None)
            digest = digests.get(file.file)
            found.append(Input(part, file.file, file.upload_key, file.etag, digest, count))
    return tuple(found)


def _measured(status: Status, performance: Mapping[str, Any]) -> Measured | None:
    score = status.score
    if score is None or not isinstance(score["score"], int | float):
        return None
    interval = performance.get("interval")
    low_high = (interval[0], interval[1]) if interval else None
    return Measured(score["metric"], score["score"], score["scored_on"], score["rows"], low_high)


def _compared(champion: Mapping[str, Any] | None) -> Compared | None:
    if not champion:
        return None
    return Compared(champion["job"], champion.get("score"), champion.get("verdict", ""))
