"""report.html: everything on one page that needs nothing else."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from job_spec import JobSpec
from prepare import Prepared

MODELS_SHOWN = 15
FEATURES_SHOWN = 20


@dataclass(frozen=True)
class Findings:
    """What the report tells."""

    leaderboard: pd.DataFrame
    performance: dict[str, Any]
    importance: pd.DataFrame | None
    plot: Path | None
    refitted: bool
    versions: dict[str, str]


def render_report(spec: JobSpec, prepared: Prepared, findings: Findings) -> str:
    """HTML; every name and value of the uploader is escaped by the template."""
    page = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("report.html.j2")
    importance = findings.importance
    return page.render(
        spec=spec,
        performance=findings.performance,
        fit_metric=prepared.problem.fit_metric,
        refitted=findings.refitted,
        fit_rows=len(prepared.fit),
        features=len(prepared.fit.columns) - 1,
        leaderboard=_cells(findings.leaderboard.head(MODELS_SHOWN)),
        columns=list(findings.leaderboard.columns),
        importance=[] if importance is None else _bars(importance.head(FEATURES_SHOWN)),
        plot=_data_uri(findings.plot),
        versions=findings.versions,
    )


def _cells(board: pd.DataFrame) -> list[list[str]]:
    return [
        [f"{value:.4g}" if isinstance(value, float) else str(value) for value in row]
        for row in board.itertuples(index=False)
    ]


def _bars(importance: pd.DataFrame) -> list[dict[str, Any]]:
    longest = max(importance["importance"].max(), 1e-12)
    return [
        {
            "name": row.feature,
            "value": f"{row.importance:.4f}",
            "width": round(max(0.0, row.importance / longest) * 100, 1),
        }
        for row in importance.itertuples()
    ]


def _data_uri(plot: Path | None) -> str | None:
    if plot is None:
        return None
    return f"data:image/png;base64,{base64.b64encode(plot.read_bytes()).decode()}"
