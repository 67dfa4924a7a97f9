"""Where a file of columns to translate stands."""

from collections.abc import Sequence
from dataclasses import replace

from contract.messages import Message, message
from pipeline.errors import OverBudgetError
from pipeline.results import about
from pipeline.status import Status
from translation.columns import ColumnsFile, ColumnsPlan
from translation.document_plan import EXAMPLE as EXAMPLE_OF_DOCUMENTS
from translation.document_plan import DocumentPlan
from translation.translate import Translation

REASONS_SHOWN = 3
EXAMPLE = '{"columns": ["review"], "source": "en", "target": "de"}'


def columns_waiting(file: ColumnsFile, reason: Message) -> Status:
    """The other file is not there yet, or no engine is available."""
    return Status(
        dataset=f"{file.name}_translate",
        state="waiting",
        headline=message("status.waiting", dataset=file.name, reason=reason),
        prefix=file.results_prefix,
        details=(message("detail.continues"),),
        next=(
            message(
                "next.upload_both",
                file=file.key,
                settings=file.settings_key,
                example=EXAMPLE if file.is_table else EXAMPLE_OF_DOCUMENTS,
            ),
        ),
    )


def columns_refused(file: ColumnsFile, reason: Message) -> Status:
    """The files cannot be translated as they are."""
    return Status(
        dataset=f"{file.name}_translate",
        state="refused",
        headline=message("status.refused", dataset=file.name, reason=reason),
        prefix=file.results_prefix,
        details=(message("detail.nothing_translated"),),
        next=(message("next.correct"),),
    )


def columns_over_budget(file: ColumnsFile, reason: OverBudgetError) -> Status:
    """The month has too little budget left for the file."""
    return replace(
        columns_waiting(file, reason.message),
        headline=message("status.waiting_for", dataset=file.name, reason=reason.message),
        details=reason.details,
        next=(message("next.wait_or_smaller"),),
    )


def columns_stopped(file: ColumnsFile, usd: float) -> Status:
    """The price was reached before the end of the file."""
    reason = message("columns.price_reached", usd=usd)
    return replace(columns_refused(file, reason), details=(), next=())


def columns_put_aside(file: ColumnsFile, headline: str) -> Status:
    """Our own code could not handle the file; `headline` is the code that says how."""
    return Status(
        dataset=f"{file.name}_translate",
        state="failed",
        headline=message(headline, dataset=file.name),
        prefix=file.results_prefix,
        next=(message("next.simpler_file"), message("next.wait_for_administrator")),
    )


def columns_translated(
    file: ColumnsFile, plan: ColumnsPlan, answers: Sequence[Translation], usd: float = 0.0
) -> Status:
    """What came of it, what it has cost, and what is left empty and why."""
    failed = [answer.error for answer in answers if answer.error]
    reasons = [error for at, error in enumerate(failed) if error not in failed[:at]]
    return Status(
        dataset=f"{file.name}_translate",
        state="completed",
        headline=message(
            "status.columns_translated",
            dataset=file.name,
            columns=plan.columns,
            source=plan.pair.source,
            into=plan.pair.target,
        ),
        prefix=file.results_prefix,
        details=(
            _amount(plan, answers, len(failed)),
            *([message("detail.left_empty", count=len(failed))] if failed else []),
            *reasons[:REASONS_SHOWN],
            *_doubts(answers),
            *([message("detail.translation_cost", cost=about(usd))] if usd else []),
        ),
        results=file.results_prefix,
        files={"translated": file.result_key},
        next=(message("next.fetch", file=file.result_key),),
    )


def document_translated(
    plan: DocumentPlan, answers: Sequence[Translation], usd: float = 0.0
) -> Status:
    """What came of it, what it has cost, and what is left as it is and why."""
    file, pair = plan.file, plan.pair
    failed = [answer.error for answer in answers if answer.error]
    reasons = [error for at, error in enumerate(failed) if error not in failed[:at]]
    amount = message(
        "detail.document_texts",
        count=len(answers) - len(failed),
        characters=sum(len(answer.query) for answer in answers),
        engine=answers[0].engine if answers else "",
    )
    return Status(
        dataset=f"{file.name}_translate",
        state="completed",
        headline=message(
            "status.document_translated", dataset=file.name, source=pair.source, into=pair.target
        ),
        prefix=file.results_prefix,
        details=(
            amount if answers else message("detail.no_text_in_document"),
            *([message("detail.left_as_it_is", count=len(failed))] if failed else []),
            *reasons[:REASONS_SHOWN],
            *_doubts(answers),
            *([message("detail.translation_cost", cost=about(usd))] if usd else []),
        ),
        results=file.results_prefix,
        files={"translated": file.result_key},
        next=(message("next.fetch", file=file.result_key),),
    )


def _doubts(answers: Sequence[Translation]) -> list[Message]:
    """How many translations are unsure, and why the first of them is."""
    found = [answer.doubt for answer in answers if answer.doubt]
    return [message("detail.unsure", count=len(found), reason=found[0])] if found else []


def _amount(plan: ColumnsPlan, answers: Sequence[Translation], failed: int) -> Message:
    rows = len(plan.table.rows)
    if not answers:
        return message("detail.nothing_to_translate", rows=rows)
    return message(
        "detail.translated_texts",
        count=len(answers) - failed,
        characters=sum(len(answer.query) for answer in answers),
        rows=rows,
        engine=answers[0].engine,
    )
