"""Which version of a translator serves its pair: after a training, and when users order one."""

from datetime import UTC, datetime

from aws import endpoints, objects, stored
from aws.live_files import change_translators, read_translators
from contract.job import TranslatorJob
from contract.layout import live_json_key, model_key, versions_key
from contract.live import DamagedError, Live, Version
from contract.messages import Message, message
from pipeline.errors import RefusedError, WaitingError
from pipeline.results import HELD_BACK
from pipeline.status import Status, of_dataset
from translation.endpoint import of_other, with_endpoint
from translation.training import TranslatorData
from translation.versions import (
    Served,
    TranslatorVersion,
    doubt_of,
    ordered,
    published,
    taken_back,
    versions_csv,
    versions_of,
)

CSV = "text/csv; charset=utf-8"


def let_in(bucket: str, spec: TranslatorJob, status: Status) -> Status:
    """Deploy a finished translator, unless something speaks against it; the status says what."""
    doubt = doubt_of(status)
    try:
        before = read_translators(bucket, spec.dataset)
        if doubt is None and _was_compared_with_other(spec, before):
            return _held_back(status, message("take_over.compared_with_other"))
        version = Version(spec.job, spec.target_language, spec.uploaded)
        live = change_translators(
            bucket, spec.dataset, lambda live: published(live, version, doubt, _now())
        )
    except DamagedError:
        return _held_back(status, _damaged(spec.dataset))
    if doubt:
        return status
    if live.champion is None or live.champion.job != spec.job:
        return _held_back(status, message("take_over.overtaken"))
    return with_endpoint(status, endpoints.deploy(bucket, spec))


def answer_order(bucket: str, data: TranslatorData) -> str:
    """Bring the version that the pair's order names behind its endpoint; what became of it.

    Whatever the order, requests are answered meanwhile. Raises WaitingError.
    """
    order = objects.fetch_head(bucket, data.version_key)
    if order is None:
        return "the order is gone"
    try:
        live = read_translators(bucket, data.name)
        chosen = ordered(order.sample, _versions(bucket, data, live), data)
        live = take_back(bucket, data, chosen.job, chosen.uploaded, order.uploaded)
    except DamagedError:
        return _note(bucket, data, _damaged(data.name))
    except RefusedError as reason:
        return _note(bucket, data, reason.message)
    if live.champion is None or live.champion.job != chosen.job:
        late = message("order.overtaken", file=data.version_key, version=chosen.number)
        return _note(bucket, data, late)
    redeploy(bucket, data)
    return f"version {chosen.number}"


def take_back(bucket: str, data: TranslatorData, job: str, uploaded: str, asked_at: str) -> Live:
    """Let the version that a job has made, from files of `uploaded`, be the champion again.

    Nothing changes when something was decided after `asked_at`. Raises DamagedError.
    """
    version = Version(job, data.target, uploaded)
    return change_translators(
        bucket, data.name, lambda live: taken_back(live, version, asked_at, _now())
    )


def redeploy(bucket: str, data: TranslatorData) -> None:
    """Bring the translator that serves a pair behind its endpoint, unless it is there.

    Raises WaitingError while an endpoint is being deleted.
    """
    champion = champion_of(bucket, data)
    if champion is None:
        return
    try:
        said = endpoints.deploy(bucket, champion)
    except endpoints.EndpointBusyError as error:
        raise WaitingError(message("wait.endpoint")) from error
    before = objects.read_status(bucket, data.results_prefix)
    if before is None:
        before = of_dataset(data, "completed", "status.version_ordered")
    after = said_of(bucket, data, before, said)
    if after != before:
        objects.write_status(bucket, after)
    write_versions(bucket, data)


def champion_of(bucket: str, data: TranslatorData) -> Served | None:
    """The version that serves a pair, or is to; None where there is none or no one knows."""
    try:
        champion = read_translators(bucket, data.name).champion
    except DamagedError:
        return None
    return Served(champion.job, data.source, data.target) if champion else None


def said_of(bucket: str, data: TranslatorData, status: Status, said: Message) -> Status:
    """The status with this said of the champion's endpoint, with its number if it is another's."""
    champion = champion_of(bucket, data)
    if champion is None or champion.job == status.job:
        return with_endpoint(status, said)
    live = read_translators(bucket, data.name)
    (number,) = [one.number for one in _versions(bucket, data, live) if one.job == champion.job]
    return with_endpoint(status, of_other(said, number, champion.job))


def write_versions(bucket: str, data: TranslatorData, ended: Status | None = None) -> None:
    """List the versions beside the status; `ended` is the status of a job before it is written."""
    try:
        live = read_translators(bucket, data.name)
    except DamagedError:
        return
    content = versions_csv(_versions(bucket, data, live, ended)).encode("utf-8-sig")
    objects.put(bucket, versions_key(data.name), content, CSV)


def _versions(
    bucket: str, data: TranslatorData, live: Live, ended: Status | None = None
) -> list[TranslatorVersion]:
    folders = [
        f"{data.results_prefix}{job}/" for job in stored.every_folder(bucket, data.results_prefix)
    ]
    read = stored.at_once(lambda folder: objects.read_status(bucket, folder), folders)
    statuses = [one for one in (*read, ended) if one]
    return versions_of(statuses, live, _now())


def _was_compared_with_other(spec: TranslatorJob, live: Live) -> bool:
    """Whether another translator serves than when the job began; what is decided stays."""
    champion = live.champion
    if spec.take_over == "always" or champion is None or live.decided(spec.job):
        return False
    return champion.job != spec.job and model_key(champion.job) != spec.model_before


def _held_back(status: Status, why: Message) -> Status:
    return with_endpoint(status, message(HELD_BACK, why=why))


def _note(bucket: str, data: TranslatorData, reason: Message) -> str:
    """Say in the pair's status why nothing has changed."""
    before = objects.read_status(bucket, data.results_prefix)
    after = (
        before.with_latest(reason)
        if before
        else of_dataset(data, "refused", "status.refused", values={"reason": reason})
    )
    objects.write_status(bucket, after)
    return str(reason)


def _damaged(dataset: str) -> Message:
    return message("take_over.damaged", file=live_json_key(dataset))


def _now() -> datetime:
    return datetime.now(UTC)
