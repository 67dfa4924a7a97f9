"""Where a file of columns to translate stands, in words."""

from collections.abc import Sequence

from automl.status import Status
from translation.columns import ColumnsFile, ColumnsPlan
from translation.translate import Translation

REASONS_TOLD = 3


def columns_waiting(file: ColumnsFile, reason: str) -> Status:
    """The other file is not there yet, or no engine can now."""
    return Status(
        dataset=f"{file.name}_translate",
        state="waiting",
        headline=f"{file.name}: waiting. {reason}",
        prefix=file.results_prefix,
        details=("It goes on by itself as soon as it can.",),
        next=(
            f"Upload {file.key} and {file.settings_key}, which says what to do, such as "
            '{"columns": ["review"], "source": "en", "target": "de"}.',
        ),
    )


def columns_refused(file: ColumnsFile, reason: str) -> Status:
    """The files cannot be translated as they are."""
    return Status(
        dataset=f"{file.name}_translate",
        state="refused",
        headline=f"{file.name}: refused. {reason}",
        prefix=file.results_prefix,
        details=("Nothing was translated and nothing was paid.",),
        next=("Correct the file and upload it again under the same name.",),
    )


def columns_translated(
    file: ColumnsFile, plan: ColumnsPlan, answers: Sequence[Translation]
) -> Status:
    """What came of it, and what is left empty and why."""
    failed = [answer.error for answer in answers if answer.error]
    count = len(answers) - len(failed)
    characters = sum(len(answer.query) for answer in answers)
    return Status(
        dataset=f"{file.name}_translate",
        state="completed",
        headline=(
            f"{file.name}: {', '.join(plan.columns)} translated from {plan.pair.source} to "
            f"{plan.pair.target}."
        ),
        prefix=file.results_prefix,
        details=(
            f"{count} different texts ({characters:,} characters) in {len(plan.table.rows)} rows, "
            f"by {answers[0].engine if answers else 'nobody'}.",
            *([f"{len(failed)} texts are left empty:"] if failed else []),
            *dict.fromkeys(failed[:REASONS_TOLD]),
        ),
        results=file.results_prefix,
        files={"translated": file.result_key},
        next=(f"Fetch {file.result_key}; it opens in Excel.",),
    )
