"""The live models of datasets, as they lie in the bucket; the newest used stay in memory."""

from collections import OrderedDict

from api.errors import BadRequestError, ConflictError, NotFoundError
from aws import objects, stored
from aws.asked_endpoints import AskedEndpoint
from aws.live_files import answering, read_answering
from contract.bounds import ENDPOINTS, Serve
from contract.layout import (
    DATA,
    MODEL_COLUMNS,
    PORTABLE_MODEL,
    RESULTS,
    results_folder,
)
from contract.live import DamagedError, Live, Version
from contract.messages import message
from portable.archive import unpack_model
from portable.files import PortableError
from portable.model import load_model
from serving.live_model import Listed, LiveModel, Quality

# Each may take 50 MB, and most take one.
MOST_IN_MEMORY = 8


class LiveModels:
    """The models of each dataset that its live.json names now."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._loaded: OrderedDict[tuple[str, str, Serve], LiveModel] = OrderedDict()

    def live(self, dataset: str) -> Live:
        """Return which models answer for a dataset.

        Raises NotFoundError when it has none, and ConflictError where that cannot be read.
        """
        try:
            live = read_answering(self._bucket, dataset)
        except DamagedError as error:
            raise ConflictError(message("api.live_damaged", dataset=dataset)) from error
        if live is None:
            raise NotFoundError(message("api.no_dataset", dataset=dataset))
        return live

    def load(self, dataset: str, version: Version) -> LiveModel:
        """Return a model; raises ConflictError when nothing can answer with it."""
        key = dataset, version.job, version.serve
        if key not in self._loaded:
            self._loaded[key] = load_version(self._bucket, dataset, version)
        self._loaded.move_to_end(key)
        while len(self._loaded) > MOST_IN_MEMORY:
            self._loaded.popitem(last=False)
        return self._loaded[key]

    def quality(self, live: LiveModel) -> Quality:
        """Return how good a model is, as its status has it; nothing until that is written."""
        folder = results_folder(live.listed.dataset, live.listed.job)
        status = objects.read_status(self._bucket, folder)
        if status is None:
            return Quality()
        color = status.verdict["color"] if status.verdict else None
        return Quality(status.score, color, status.against)

    def list(self, after: str | None) -> tuple[list[Listed], str | None]:
        """Return the datasets that have a model, a page at a time, and after which to go on."""
        if after and not stored.can_follow(after):
            raise BadRequestError("after", message("api.no_dataset", dataset=after))
        names, following = stored.folders(self._bucket, RESULTS, stored.MOST_LISTED, after)
        found = stored.at_once(self._listed, names)
        return [one for one in found if one is not None], following

    def _listed(self, dataset: str) -> Listed | None:
        found = answering(self._bucket, dataset)
        return _as_listed(dataset, *found) if found else None


def load_version(bucket: str, dataset: str, version: Version) -> LiveModel:
    """Load a model from its job's results; raises ConflictError when nothing can answer with it.

    Behind an endpoint, one that is not portable is known by its columns.
    """
    folder, by_endpoint = results_folder(dataset, version.job), version.serve in ENDPOINTS
    content = stored.read(bucket, folder + PORTABLE_MODEL)
    if content is None and by_endpoint:
        content = stored.read(bucket, folder + MODEL_COLUMNS)
    elsewhere = {"dataset": dataset, "file": f"{DATA}{dataset}_test.csv"}
    if content is None:
        raise ConflictError(message("api.not_portable", **elsewhere))
    try:
        model = load_model(unpack_model(content))
    except PortableError as error:
        raise ConflictError(message("api.unloadable", reason=error.message, **elsewhere)) from error
    listed = _as_listed(dataset, version, answers_requests=True)
    return LiveModel(listed, model, AskedEndpoint(version.job, dataset) if by_endpoint else None)


def _as_listed(dataset: str, version: Version, answers_requests: bool) -> Listed:
    return Listed(dataset, version.job, version.target, version.uploaded, answers_requests)
