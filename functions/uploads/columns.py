"""Read files, price and translate their columns, write the copies, and answer."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from api.errors import BadRequestError
from aws import ledger, objects, stored
from aws.engines import engines_from_environ
from aws.translations import answered, paid_for, remembered
from contract.messages import message, usd_at_most
from pipeline.errors import OverBudgetError, RefusedError
from pipeline.files import UploadedFile
from pipeline.settings import caps_from_environ
from pipeline.status import Status, broken, killed
from translation.columns import (
    LARGEST_FILE,
    ColumnsFile,
    ColumnsPlan,
    columns_cap,
    columns_file_of_key,
    plan_columns,
    plan_copy,
    translated_csv,
)
from translation.document_plan import DocumentPlan, plan_document, translated_document
from translation.documents import content_type
from translation.errors import EngineError
from translation.languages import Pair, parse_pairs
from translation.price import ENGINES, characters
from translation.progress import content_digest, translation_name
from translation.remembering import (
    OutOfMoneyError,
    OutOfTimeError,
    RememberingEngine,
    segments_of,
)
from translation.request import Request
from translation.status import (
    columns_over_budget,
    columns_put_aside,
    columns_refused,
    columns_stopped,
    columns_translated,
    columns_waiting,
    document_translated,
)
from translation.translate import Engine, Translation, translate_all
from uploads.owner import dataset_of_upload, owner_of_key
from uploads.training_texts import (
    Order,
    TextsToTranslate,
    texts_over_budget,
    texts_refused,
    texts_waiting,
)

pairs = parse_pairs(os.environ["TRANSLATOR_PAIRS"])
# The SDK waits where it is throttled; the queue retries when an engine fails for longer.
engines = engines_from_environ(os.environ, patience_seconds=20, attempts=5)
caps = caps_from_environ(os.environ)
monthly_budget = float(os.environ["MONTHLY_BUDGET_USD"])
TEXTS_AT_ONCE = 200
# What became of a message beside the states of a dataset.
TRANSLATED, CONTINUES = "translated", "continues"


Plan = ColumnsPlan | DocumentPlan


@dataclass(frozen=True)
class Invocation:
    """One call of the function."""

    id: str
    seconds_left: Callable[[], float]


@dataclass(frozen=True)
class Quote:
    """What is left to translate of one file, and the most that all of it costs."""

    name: str
    """In the ledger."""
    dataset: str
    plan: Plan
    engine: Engine
    left: Sequence[str]
    """Segments without an answer."""
    usd: float
    """With what earlier tries have paid."""


def translate_file(bucket: str, file: ColumnsFile, language: str, invocation: Invocation) -> str:
    """A file of its own: translated, refused or waiting, and its status says so.

    Raises EngineError when no engine can translate now, and WaitingError when another function is
    at it, or the month has no budget left.
    """
    try:
        status, state = _translated(bucket, file, invocation)
    except RefusedError as reason:
        status = columns_refused(file, reason.message)
        state = status.state
    except OverBudgetError as reason:
        _write(bucket, columns_over_budget(file, reason), language)
        raise
    except EngineError as reason:
        _write(bucket, columns_waiting(file, reason.message), language)
        raise
    _write(bucket, status, language)
    return state


def translate_training_set(bucket: str, key: str, order: Order, invocation: Invocation) -> str:
    """All files of a dataset get copies with translated columns, or are refused together.

    Raises EngineError and WaitingError as `translate_file` does.
    """
    dataset = dataset_of_upload(key) or key
    try:
        return _copy_all(bucket, dataset, order, invocation)
    except RefusedError as reason:
        _write(bucket, texts_refused(dataset, reason.message), order.language)
        return "refused"
    except OutOfTimeError:
        going_on = message("detail.columns_in_translation", columns=order.texts[0].columns)
        _write(bucket, texts_waiting(dataset, going_on), order.language)
        return CONTINUES
    except OverBudgetError as reason:
        _write(bucket, texts_over_budget(dataset, reason), order.language)
        raise
    except EngineError as reason:
        _write(bucket, texts_waiting(dataset, reason.message), order.language)
        raise


def write_put_aside(bucket: str, key: str, headline: str, language: str) -> None:
    """The answer to a message that was set aside, by the code of its headline."""
    if file := columns_file_of_key(key):
        _write(bucket, columns_put_aside(file, headline), language)
    elif owner := owner_of_key(key):
        answer = killed if headline == "status.killed" else broken
        _write(bucket, answer(owner), language)


def _write(bucket: str, status: Status, language: str) -> None:
    objects.write_status(bucket, replace(status, language=language))


def _translated(bucket: str, file: ColumnsFile, invocation: Invocation) -> tuple[Status, str]:
    """The status to write, and what became of the message."""
    found = objects.fetch(bucket, file.key, LARGEST_FILE + 1)
    if found is None and (there := objects.newest_first(bucket, file.keys)):
        # The settings came last, of a document.
        file = columns_file_of_key(there[0]) or file
        found = objects.fetch(bucket, file.key, LARGEST_FILE + 1)
    settings = objects.sample(bucket, file.settings_key)
    if found is None or settings is None:
        missing = file.key if found is None else file.settings_key
        return columns_waiting(file, message("detail.file_missing", file=missing)), "waiting"
    look = plan_columns if file.is_table else plan_document
    plan: Plan = look(file, found.sample, settings, pairs[0])
    cap = columns_cap(file, settings, caps)
    quote = _quote(bucket, f"{file.name}_translate", plan, found)
    _require_price(quote.usd, characters(quote.left), cap, 0.0)
    try:
        answers = _paid_answers(bucket, quote, cap, invocation)
    except OutOfTimeError:
        return columns_waiting(file, message("detail.goes_on_translating")), CONTINUES
    except OutOfMoneyError:
        paid = ledger.book_translation(
            bucket, quote.name, quote.dataset, quote.engine.name, "stopped"
        )
        return columns_stopped(file, paid), "refused"
    _put(bucket, file.result_key, plan, answers)
    paid = _settle(bucket, quote)
    if isinstance(plan, DocumentPlan):
        status = document_translated(plan, answers, paid)
    else:
        status = columns_translated(file, plan, answers, paid)
    return status, status.state


def _copy_all(bucket: str, dataset: str, order: Order, invocation: Invocation) -> str:
    quotes: list[tuple[TextsToTranslate, Quote]] = []
    paid = 0.0
    if not all(text.name for text in order.texts):
        # A message of an earlier version has no price: the upload gets one of this version.
        return TRANSLATED
    for text in order.texts:
        if stored.exists(bucket, text.into):
            paid += paid_for(bucket, text.name)
            continue
        found = objects.fetch(bucket, text.key, LARGEST_FILE + 1)
        if found is None or (text.etag and found.etag != text.etag):
            # Who started this looks again, at the files as they are now.
            return TRANSLATED
        plan = plan_copy(text.key, found.sample, text.columns, text.pair)
        quotes.append((text, _quote(bucket, dataset, plan, found, text.name)))
    most = paid + sum(quote.usd for _, quote in quotes)
    left = sum(characters(quote.left) for _, quote in quotes)
    _require_price(most, left, order.max_cost_usd - order.training_usd, order.training_usd)
    for text, quote in quotes:
        try:
            answers = _paid_answers(bucket, quote, quote.usd, invocation)
        except OutOfMoneyError as stopped:
            usd = ledger.book_translation(bucket, quote.name, dataset, quote.engine.name, "stopped")
            raise RefusedError(message("columns.price_reached", usd=usd)) from stopped
        _put(bucket, text.into, quote.plan, answers, for_people=False)
        _settle(bucket, quote)
    return TRANSLATED


def _quote(
    bucket: str, dataset: str, plan: Plan, found: UploadedFile, name: str | None = None
) -> Quote:
    """Before anything is asked; raises RefusedError when no engine speaks the pair."""
    digest = content_digest(found.etag, plan.chosen, plan.pair)
    name = name or translation_name(digest, found.version)
    engine = _engine_for(plan.pair)
    has_answer = answered(bucket, name, engine.name)
    segments = segments_of(plan.texts, plan.pair, engine, plan.written_in)
    left = [segment for segment in segments if not has_answer(segment)]
    usd = paid_for(bucket, name) + ENGINES[engine.name].quote(left)
    return Quote(name, dataset, plan, engine, left, usd)


def _engine_for(pair: Pair) -> Engine:
    """The first that speaks the pair: a file can wait for it, and then no other is paid."""
    for engine in engines:
        if engine.speaks(pair):
            return engine
    raise RefusedError(message("columns.no_translator", source=pair.source, into=pair.target))


def _require_price(usd: float, count: int, limit: float, training_usd: float) -> None:
    if usd > limit:
        smallest = usd_at_most(usd + training_usd)
        known = {"usd": usd, "characters": count, "limit": max(0.0, limit), "smallest": smallest}
        raise RefusedError(message("cost.translation_over_cap", **known))


def _paid_answers(
    bucket: str, quote: Quote, cap: float, invocation: Invocation
) -> list[Translation]:
    """Every text of the plan, within what the month's budget reserves for it.

    Raises OutOfTimeError and OutOfMoneyError; what was answered by then is kept.
    """
    held = 0.0
    if quote.left:
        held = ledger.reserve(bucket, quote.name, quote.usd, monthly_budget)
    most = min(held, cap)
    with remembered(bucket, quote.name, quote.engine.name, invocation.id, most) as memory:
        price = ENGINES[quote.engine.name]
        engine = RememberingEngine(quote.engine, price, memory, invocation.seconds_left)
        texts = quote.plan.texts
        try:
            return [
                translation
                for at in range(0, len(texts), TEXTS_AT_ONCE)
                for translation in translate_all(
                    Request(
                        tuple(texts[at : at + TEXTS_AT_ONCE]),
                        quote.plan.pair,
                        format=quote.plan.written_in,
                    ),
                    [engine],
                )
            ]
        except BadRequestError as reason:
            refusal = RefusedError(reason.message)
            refusal.__cause__ = reason
    _settle(bucket, quote)
    raise refusal


def _settle(bucket: str, quote: Quote) -> float:
    """Put the receipt of a translation in the place of its reservation; US dollars."""
    if not paid_for(bucket, quote.name):
        ledger.release(bucket, quote.name)
        return 0.0
    return ledger.book_translation(
        bucket, quote.name, quote.dataset, quote.engine.name, "completed"
    )


def _put(
    bucket: str,
    key: str,
    plan: Plan,
    answers: Sequence[Translation],
    for_people: bool = True,
) -> None:
    done = {a.query: a.translation for a in answers if a.translation is not None}
    if isinstance(plan, DocumentPlan):
        objects.put(bucket, key, translated_document(plan, done), content_type(key))
        return
    # The byte order mark makes Excel read the file as UTF-8.
    content = translated_csv(plan, done, for_people).encode("utf-8-sig")
    objects.put(bucket, key, content, "text/csv; charset=utf-8")
