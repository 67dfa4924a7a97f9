"""The live models of datasets, as they lie in the bucket; the newest used stay in memory."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from api.errors import BadRequestError, ConflictError, NotFoundError
from aws import stored
from contract.layout import (
    DATA,
    PORTABLE_MODEL,
    REFUSED,
    RESULTS,
    STATUS_JSON,
    model_json_key,
    results_folder,
    results_prefix,
)
from contract.messages import message
from portable.archive import unpack_model
from portable.files import PortableError
from portable.model import load_model
from serving.live_model import Listed, LiveModel

# Each may take 50 MB, and most take one.
MOST_IN_MEMORY = 8
DATASETS_AT_ONCE, READS_AT_ONCE = 100, 16


class LiveModels:
    """The model of each dataset that its model.json names now."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._loaded: OrderedDict[tuple[str, str], LiveModel] = OrderedDict()

    def get(self, dataset: str) -> LiveModel:
        """Return the dataset's model.

        Raises NotFoundError when it has none, and ConflictError when it is not portable.
        """
        pointer = self._pointer(dataset)
        if pointer is None:
            raise NotFoundError(message("api.no_dataset", dataset=dataset))
        key = dataset, pointer["job"]
        if key not in self._loaded:
            self._loaded[key] = self._load(dataset, pointer)
        self._loaded.move_to_end(key)
        while len(self._loaded) > MOST_IN_MEMORY:
            self._loaded.popitem(last=False)
        return self._loaded[key]

    def score(self, live: LiveModel) -> Mapping[str, object] | None:
        """Return how good a model is, as its status has it; None until that is written."""
        folder = results_folder(live.listed.dataset, live.listed.job)
        status: Mapping[str, Any] = stored.read_json(self._bucket, folder + STATUS_JSON) or {}
        return status.get("score")

    def list(self, after: str | None) -> tuple[list[Listed], str | None]:
        """Return the datasets that have a model, a page at a time, and after which to go on."""
        if after and not (after.isprintable() and len(after.encode()) <= stored.LONGEST_KEY):
            raise BadRequestError("after", message("api.no_dataset", dataset=after))
        names, following = stored.folders(self._bucket, RESULTS, DATASETS_AT_ONCE, after)
        with ThreadPoolExecutor(READS_AT_ONCE) as pool:
            found: Iterable[Listed | None] = pool.map(self._listed, names)
            return [one for one in found if one is not None], following

    def _listed(self, dataset: str) -> Listed | None:
        pointer = self._pointer(dataset)
        if pointer is None:
            return None
        key = results_folder(dataset, pointer["job"]) + PORTABLE_MODEL
        return _as_listed(dataset, pointer, stored.exists(self._bucket, key))

    def _pointer(self, dataset: str) -> Any:
        # A name with a slash would lead to another folder.
        if "/" in dataset or results_prefix(dataset) == REFUSED:
            return None
        return stored.read_json(self._bucket, model_json_key(dataset))

    def _load(self, dataset: str, pointer: Any) -> LiveModel:
        folder = results_folder(dataset, pointer["job"])
        content = stored.read(self._bucket, folder + PORTABLE_MODEL)
        elsewhere = {"dataset": dataset, "file": f"{DATA}{dataset}_test.csv"}
        if content is None:
            raise ConflictError(message("api.not_portable", **elsewhere))
        try:
            model = load_model(unpack_model(content))
        except PortableError as error:
            raise ConflictError(
                message("api.unloadable", reason=error.message, **elsewhere)
            ) from error
        listed = _as_listed(dataset, pointer, answers_requests=True)
        # Models of earlier versions have no such setting.
        return LiveModel(listed, model, pointer.get("keep_requests", 0.0))


def _as_listed(dataset: str, pointer: Any, answers_requests: bool) -> Listed:
    return Listed(dataset, pointer["job"], pointer["target"], pointer["uploaded"], answers_requests)
