"""What `codefree models` and the commands that change them show."""

import shlex
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from codefree.model_versions import Models, ModelVersion
from codefree.words import Message, Words, in_lines, message, score_in_words

# Column as programs know it, in every language → its heading.
COLUMNS = {
    "version": message("models.column_version"),
    "state": message("stack.column_state"),
    "uploaded": message("models.column_uploaded"),
    "score": message("stack.column_score"),
    "job": message("stack.column_job"),
}
DAY = "%Y-%m-%d %H:%M"


def show_models(
    models: Models, console: Console, say: Words, answers: Message | None = None
) -> None:
    """The table and who answers, unless that is given; plain text without a terminal."""
    if console.is_terminal:
        shown = Table()
        for column, heading in COLUMNS.items():
            right = column == "version"
            shown.add_column(
                say.render(heading), justify="right" if right else "left", overflow="fold"
            )
        for one in models.versions:
            number, _, *others = cells_of(one)
            shown.add_row(*map(escape, (number, say(f"models.{one.state}"), *others)))
        console.print(shown)
    else:
        for cells in (COLUMNS, *map(cells_of, models.versions)):
            console.file.write("\t".join(cells) + "\n")
    console.print(
        escape(say.render(answers or who_answers(models))), soft_wrap=True, highlight=False
    )


def cells_of(one: ModelVersion) -> tuple[str, ...]:
    uploaded = datetime.fromisoformat(one.uploaded).astimezone() if one.uploaded else None
    cells = (
        str(one.number),
        one.state,
        f"{uploaded:{DAY}}" if uploaded else "-",
        score_of(one),
        one.job,
    )
    return tuple(map(in_lines, cells))


def score_of(one: ModelVersion) -> str:
    if one.metric is None or one.score is None:
        return "-"
    return score_in_words(one.metric, one.score, one.interval)


def who_answers(models: Models) -> Message:
    live, trial = models.live, models.live.on_trial(models.now)
    if live.champion is None:
        return message("models.none_can_answer", dataset=models.dataset)
    if not live.on:
        command = f"codefree deploy {shlex.quote(models.dataset)}"
        return message("models.off", command=command)
    champion = models.number_of(live.champion.job)
    if trial is None:
        return message("models.one_answers", champion=champion)
    return message(
        "models.two_answer",
        champion=champion,
        challenger=models.number_of(trial.version.job),
        share=trial.share,
        until=f"{datetime.fromisoformat(trial.until).astimezone():{DAY}}",
    )
