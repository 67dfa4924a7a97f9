"""runs.html: every job of a dataset, and which files, models and answers belong together."""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from contract.job import SCORED_ON
from contract.layout import DATA, LIVE_JSON, REPORT, STATUS_TEXT, TRANSLATION, model_key
from contract.live import Live
from contract.messages import Message, message, metric_name, render, score_text
from contract.plain_page import plain_page, scrolled
from contract.runs import DIGEST_SHOWN, Input, Measured, Run, Runs, change_text, value_text
from pipeline.lineage import Lineage, Node, draw

# The page stays quick to open; runs.csv has all.
MOST_SHOWN, MOST_DRAWN = 100, 8
MOST_USES, MOST_ALIKE = 4, 5
# Where scores come from that are not of rows.
PLACES = {"translator": "score.held_out_pairs"}
# From results/<name>/ to the top of the bucket.
TOP = "../../"
STATES = ("champion", "challenger", "held_back", "earlier", "not_portable")
COLUMNS = ("run", "data", "changed", "score", "cost", "answers")
STYLE = """
body { max-width: 80rem; } h2 { font-size: 1.15rem; } a { color: var(--blue); }
.small { font-size: .85em; } .mark { background: var(--good); border-radius: .3rem;
  padding: .1rem .4rem; } code { font-size: .95em; overflow-wrap: anywhere; }
td, th { max-width: 17rem; } td p, th p { margin: 0 0 .2rem; }
td ul { margin: 0; padding-left: 1rem; }
tr.failed th { border-left: .25rem solid #c05621; }
dl { margin: .3rem 0; } dt { font-weight: 600; } dd { margin: 0 0 .2rem; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); }
svg .soft { font-size: 11px; }
svg a text:first-of-type { fill: var(--blue); text-decoration: underline; }
svg rect { fill: var(--soft); stroke: var(--line); } svg .mark rect { fill: var(--good); }
svg path { fill: none; stroke: var(--blue); stroke-width: 1.5; opacity: .7; }
@media (max-width: 48rem) {
  .runs, .runs tbody, .runs tr, .runs th, .runs td { display: block; max-width: none; border: 0; }
  .runs thead { display: none; } .runs tr { border: 1px solid var(--line); border-radius: .5rem;
    margin: 0 0 1rem; padding: .4rem; }
  .runs td::before { content: attr(data-name); display: block; font-weight: 600;
    font-size: .8rem; }
  .runs td.none { display: none; }
}
@media print { .scroll { overflow: visible; } }
"""


def runs_page(runs: Runs, live: Live | None, language: str) -> bytes:
    """The whole page, in UTF-8; every name in it is escaped, every link stays in the bucket."""
    return _Page(runs, live, language).whole()


class _Page:
    def __init__(self, runs: Runs, live: Live | None, language: str) -> None:
        self._runs, self._live, self._language = runs, live, language
        self._versions = runs.versions
        self._newest = list(reversed(runs.all))

    def whole(self) -> bytes:
        title = self._say("title", dataset=self._runs.dataset)
        as_of = self._runs.as_of(self._live)
        parts = [
            f"<p>{self._say('count', count=len(self._runs.all))} {self._answering()}</p>",
            f"<p class=small>{self._say('as_of', time=_time(as_of))}</p>" if as_of else "",
            f"<h2>{self._say('graph')}</h2>",
            scrolled(draw(self._lineage()), self._say("graph")),
            f"<h2>{self._say('all')}</h2>",
            self._table(),
            f"<p class=small>{self._say('how')}</p>",
        ]
        if len(self._newest) > MOST_SHOWN:
            parts.insert(-1, f"<p>{self._say('more', count=MOST_SHOWN)}</p>")
        return plain_page(title, "".join(parts), self._language, STYLE)

    # --- Words.

    def _render(self, said: Message) -> str:
        return escape(render(said, self._language))

    def _say(self, code: str, **values: object) -> str:
        return self._render(message(f"runs.{code}", **values))

    def _called(self, job: str) -> Message | str:
        """A run as people name it: by the number of its version, else by its job."""
        number = self._versions.get(job)
        return message("runs.version", number=number) if number else job

    def _answering(self) -> str:
        at = self._runs.as_of(self._live)
        if self._live is None or self._live.champion is None or not at:
            return ""
        if not self._live.on:
            return self._say("off")
        live = self._live.settled(datetime.fromisoformat(at))
        champion = live.champion
        assert champion is not None
        number = {job: str(number) for job, number in self._versions.items()}
        known = {"champion": number.get(champion.job, champion.job)}
        trial = live.on_trial(datetime.fromisoformat(at))
        if trial is None:
            return self._render(message("models.one_answers", **known))
        job = trial.version.job
        return self._render(
            message(
                "models.two_answer",
                **known,
                challenger=number.get(job, job),
                share=trial.share,
                until=_time(trial.until),
            )
        )

    def _name(self, run: Run) -> str:
        called = self._called(run.job)
        return self._render(called) if isinstance(called, Message) else escape(called)

    # --- The table.

    def _table(self) -> str:
        heads = "".join(
            f'<th scope="col" role="columnheader">{self._say(f"column_{name}")}</th>'
            for name in COLUMNS
        )
        rows = "".join(map(self._row, self._newest[:MOST_SHOWN]))
        # What is shown as blocks on a phone keeps its roles.
        return scrolled(
            f'<table class="runs" role="table"><thead role="rowgroup"><tr role="row">{heads}</tr>'
            f'</thead><tbody role="rowgroup">{rows}</tbody></table>',
            self._say("all"),
        )

    def _row(self, run: Run) -> str:
        cells = {
            "data": "".join(map(self._input, run.data)),
            "changed": self._changed(run),
            "score": self._score(run),
            "cost": self._cost(run),
            "answers": self._state(run),
        }
        tds = "".join(
            f'<td role="cell" data-name="{self._say(f"column_{name}")}"'
            f"{'' if cell else ' class=none'}>{cell}</td>"
            for name, cell in cells.items()
        )
        failed = "" if run.state == "completed" else " class=failed"
        head = f'<th scope="row" role="rowheader">{self._run(run)}</th>'
        return f'<tr role="row"{failed}>{head}{tds}</tr>'

    def _run(self, run: Run) -> str:
        number = self._versions.get(run.job)
        made = self._say(f"made_{run.made}")
        name = f"{self._say('version', number=number)} · {made}" if number else made
        lines = [f"<b>{name}</b>"]
        if run.state != "completed":
            lines.append(self._render(message(f"state.{run.state}")))
        lines.append(escape(_time(run.uploaded or run.ended)))
        lines.append(f"<span class=small>{_link(_report(run), escape(run.job))}</span>")
        if not run.trains and run.model_job:
            lines.append(self._say("by_model", name=self._called(run.model_job)))
        if run.after:
            lines.append(self._say("after", job=run.after))
        if not run.there:
            lines.append(self._say("gone"))
        return "".join(f"<p>{line}</p>" for line in lines)

    def _input(self, one: Input) -> str:
        link = _link(_upload(one), escape(one.file))
        facts = [f'<code title="{escape(one.digest)}">{escape(one.digest[:DIGEST_SHOWN])}</code>']
        if one.rows is not None:
            facts.insert(0, self._say("rows", count=one.rows))
        query = f"<p><code>{escape(one.query)}</code></p>" if one.query else ""
        return f"<p>{link}<br><span class=small>{' · '.join(facts)}</span></p>{query}"

    def _changed(self, run: Run) -> str:
        if not run.settings:
            return self._say("undescribed")
        changes = self._runs.changes(run)
        found = ""
        if changes:
            lines = "".join(f"<li><code>{escape(change_text(one))}</code></li>" for one in changes)
            found = f"<ul>{lines}</ul>"
        elif run.trains:
            found = self._say("first" if changes is None else "nothing_changed")
        facts = {
            self._say("settings"): run.settings,
            self._say("seeds"): run.seeds,
            self._say("versions"): run.versions,
        }
        listed = "".join(
            f"<dt>{name}</dt><dd><code>{_listed(values)}</code></dd>"
            for name, values in facts.items()
            if values
        )
        summary = self._say("details")
        return (
            f"{found}<details class=small><summary>{summary}</summary><dl>{listed}</dl></details>"
        )

    def _score(self, run: Run) -> str:
        measured, champion = run.measured, run.champion
        if measured is None:
            return ""
        lines = [f"<b>{self._measured(measured)}</b>", self._place(run, measured)]
        if alike := self._runs.on_same_rows(run):
            names = tuple(self._called(one.job) for one in alike[-MOST_ALIKE:])
            lines.append(self._say("same_rows", names=names))
        if champion and champion.score is not None:
            verdict = champion.verdict if champion.verdict in ("better", "worse") else "alike"
            known = {"name": self._called(champion.job), "score": champion.score}
            lines.append(self._say(f"champion_{verdict}", **known))
        return "".join(f"<p>{line}</p>" for line in lines)

    def _measured(self, measured: Measured) -> str:
        found = f"{metric_name(measured.metric, self._language)} {score_text(measured.score)}"
        if measured.interval:
            low, high = map(score_text, measured.interval)
            found += f" ({low}–{high})"
        return escape(found)

    def _place(self, run: Run, measured: Measured) -> str:
        place = PLACES.get(run.made) or SCORED_ON.get(measured.scored_on, "score.holdout")
        return self._render(message(place, rows=measured.rows))

    def _cost(self, run: Run) -> str:
        if run.usd is None:
            return "–"
        machine = f"{run.instance_type}, {run.billed_seconds:,} s"
        return f"<p>${run.usd:.4f}</p><p class=small>{escape(machine)}</p>"

    def _state(self, run: Run) -> str:
        state = self._runs.answers(run, self._live)
        if state not in STATES:
            return ""
        said = self._render(message(f"models.{state}"))
        answering = state in ("champion", "challenger")
        return f"<span class=mark>{said}</span>" if answering else said

    # --- The graph.

    def _lineage(self) -> Lineage:
        """Of the last trainings, the newest first."""
        lineage = Lineage(
            tuple(self._say(f"node_{name}") for name in ("files", "trainings", "models", "uses"))
        )
        for run in [one for one in self._newest if one.trains][:MOST_DRAWN]:
            self._draw(run, lineage)
        return lineage

    def _draw(self, run: Run, lineage: Lineage) -> None:
        row = lineage.new_row()
        failed = run.state != "completed"
        soft = self._render(message(f"state.{run.state}")) if failed else escape(run.job)
        job = Node(self._name(run), soft, _report(run))
        lineage.add(row, 1, run.job, job)
        for one in run.data:
            name = f"{one.part} {one.file} {one.digest}"
            rows = "" if one.rows is None else self._say("rows", count=one.rows)
            about = " · ".join(filter(None, (rows, escape(one.digest[:DIGEST_SHOWN]))))
            lineage.add(row, 0, name, Node(escape(one.file), about, _upload(one)))
            lineage.connect((0, name), (1, run.job))
        if not run.has_model:
            return
        state = self._runs.answers(run, self._live)
        score = self._measured(run.measured) if run.measured else ""
        key = _from_top(model_key(run.job)) if run.there else None
        is_live = state in ("champion", "challenger")
        lineage.add(row, 2, run.job, Node("model.tar.gz", score, key, is_live))
        lineage.connect((1, run.job), (2, run.job))
        if is_live:
            name = f"POST /predict/{self._runs.dataset}"
            said = self._render(message(f"models.{state}"))
            lineage.add(row, 3, f"live {run.job}", Node(escape(name), said, LIVE_JSON, True))
            lineage.connect((2, run.job), (3, f"live {run.job}"))
        used = [one for one in self._newest if not one.trains and one.model_job == run.job]
        for use in used[:MOST_USES]:
            file = use.input("test")
            text = escape(file.file if file else use.job)
            soft = f"{self._say('made_predictions')} · {escape(_time(use.uploaded)[:10])}"
            lineage.add(row, 3, use.job, Node(text, soft, _report(use)))
            lineage.connect((2, run.job), (3, use.job))


def _listed(values: Mapping[str, object]) -> str:
    return "<br>".join(
        escape(f"{name}: {value_text(value)}")
        for name, value in values.items()
        if value not in ([], None)
    )


def _time(when: str) -> str:
    return f"{datetime.fromisoformat(when).astimezone(UTC):%Y-%m-%d %H:%M} UTC" if when else ""


def _report(run: Run) -> str | None:
    """Its report, or its folder where it has none."""
    if not run.there:
        return None
    return f"./{quote(run.job, safe='')}/{REPORT if run.state == 'completed' else STATUS_TEXT}"


def _upload(one: Input) -> str | None:
    """What has the name of the file now; only within the folders of uploads."""
    return _from_top(one.key) if one.key.startswith((DATA, TRANSLATION)) else None


def _from_top(key: str) -> str:
    return f"{TOP}{quote(key)}"


def _link(address: str | None, text: str) -> str:
    return f'<a href="{escape(address)}">{text}</a>' if address else text
