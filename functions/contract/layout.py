"""What an S3 key means: the only module that knows the layout of the bucket.

data/<name>_train.csv, …           what users upload
translation/<pair>_train.tsv, …    what users upload to train a translator
translation/<pair>_version.json    which of its versions users want to serve
translated/<digest>/<file>         copies of data files with translated columns
translated/<digest>/progress.json  what their translation has cost
translated/<digest>/parts/…        answers, so that none is paid twice
tables/<table>/…                   what queries read, on the local cloud
queries/<digest>/query.json        what became of a query
queries/<digest>/<token>/…         its rows, as Athena has written them, and as one file
jobs/<job>/job.json, *.manifest    what a job is given
jobs/<job>/<channel>/<etag>/<file> copies of its input files, as they were looked at
jobs/costs.json                    what all jobs have cost
jobs/_tries/<message>              tries of a message that came to no end
source/<digest>/sourcedir.tar.gz   the code of the jobs
models/<job>/output/*.tar.gz       what SageMaker packs when a job ends
models/<job>/checkpoints/          what SageMaker copies while it runs
results/costs.csv                  the costs as a table
results/<name>/                    STATUS.txt, status.json, model.json, live.json of a dataset
results/<name>/<job>/              the files of one job
results/translation/<pair>/versions.csv  all versions of a translator
results/<name>/live.html           what requests ask, compared with train
results/<name>/runs.json           all jobs of a dataset; runs.csv and runs.html show it
results/_refused/…/                the status of a misnamed upload
requests/<name>/<day>/<id>.json    requests that were kept, for a month
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Protocol

DATA, TRANSLATION, TRANSLATED = "data/", "translation/", "translated/"
RESULTS, JOBS, MODELS, SOURCE = "results/", "jobs/", "models/", "source/"
REQUESTS = "requests/"
QUERIES, TABLES = "queries/", "tables/"
# Of a file that is a query for rows, where others hold them.
QUERY_ENDING = ".sql"
# What the stack writes itself, or queries read: uploads there are no uploads.
OWN_FOLDERS = (TRANSLATED, RESULTS, JOBS, MODELS, SOURCE, REQUESTS, QUERIES, TABLES)
REFUSED = f"{RESULTS}_refused/"
LEDGER_KEY, COSTS_KEY = f"{JOBS}costs.json", f"{RESULTS}costs.csv"
STATUS_TEXT, STATUS_JSON, MODEL_JSON = "STATUS.txt", "status.json", "model.json"
LIVE_JSON, RUNS_JSON, RUNS_CSV, RUNS_PAGE = "live.json", "runs.json", "runs.csv", "runs.html"
VERSIONS_CSV = "versions.csv"
JOB_JSON = "job.json"
# Files of a job, below its results folder.
REPORT_JSON = "report.json"
REPORT, PROGRESS, INDEX, FAILURE = (
    "report.html",
    "progress.json",
    "results_index.json",
    "failure.txt",
)
# SageMaker does not copy what is called so, and marks what it copies with files of these names.
UNFINISHED = ".sagemaker-ignore"
UPLOADING, UPLOADED = ".sagemaker-uploading", ".sagemaker-uploaded"
# The message of the job's own script, when it failed with one.
FAILURE_MESSAGE = "failure.json"
# How the names of the others end, behind the job's file stem.
PREDICTIONS = "_test_prediction.csv"
LEADERBOARD, PLOTS, IMPORTANCE = "_leaderboard.csv", "_eval.png", "_feature_importance.csv"
PERFORMANCE, FIT_SUMMARY = "_model_performance.txt", "_fit_summary.txt"
# What predicts without AutoGluon.
PORTABLE_MODEL = "portable_model.zip"
# The columns and labels of a model that cannot: what the API knows of one behind an endpoint.
MODEL_COLUMNS = "model_columns.zip"
EXAMPLES, LEARNING_CURVE = "_examples.csv", "_learning_curve.csv"
# Jobs that an earlier version started go on to write this name.
EARLIER_ENDINGS = {PREDICTIONS: "_test_predictions.csv"}
# Name in STATUS.txt → how the file's name ends, in the order in which people want them.
# As statuses name them.
NAMED_PORTABLE, NAMED_COLUMNS = "portable model", "model columns"
RESULT_FILES: Mapping[str, str] = {
    "report": REPORT,
    "predictions": PREDICTIONS,
    "leaderboard": LEADERBOARD,
    "plots": PLOTS,
    "importance": IMPORTANCE,
    "performance": PERFORMANCE,
    "report data": REPORT_JSON,
    "fit summary": FIT_SUMMARY,
    "examples": EXAMPLES,
    "learning curve": LEARNING_CURVE,
    NAMED_PORTABLE: PORTABLE_MODEL,
    NAMED_COLUMNS: MODEL_COLUMNS,
    "failure": FAILURE,
}
# What the names of models and configurations begin with in SageMaker, and their endpoints hold. A
# job's name has 53 letters, and more only of its attempt.
SERVED = "live-"
# `<name>_model_performance.txt` must fit into the 255 bytes of a Linux file name.
MAX_NAME_BYTES = 200
SLUG_LENGTH = 40


class Named(Protocol):
    """What has a status of its own in the bucket."""

    @property
    def name(self) -> str: ...

    @property
    def train_keys(self) -> tuple[str, ...]: ...

    @property
    def settings_key(self) -> str: ...

    @property
    def results_prefix(self) -> str: ...


def job_folder(job: str) -> str:
    """Where job.json and the manifests of a job are."""
    return f"{JOBS}{job}/"


def job_json_key(job: str) -> str:
    """Where the job's name leads to what the job was given."""
    return f"{job_folder(job)}{JOB_JSON}"


def manifest_key(job: str, channel: str) -> str:
    """Where the list of the objects in one input channel is."""
    return f"{job_folder(job)}{channel}.manifest"


def pinned_input(channel: str, etag: str, file: str) -> str:
    """Where the copy of an input file is, below the job's folder and in its channel."""
    return f"{channel}/{slug(etag)}/{file}"


def pinned_key(job: str, channel: str, etag: str, file: str) -> str:
    """Where the copy of an input file is that only this job reads."""
    return f"{job_folder(job)}{pinned_input(channel, etag, file)}"


def pinned_manifest_key(job: str, channel: str, etag: str) -> str:
    """Where the list of the one copy in a channel is; its name says which bytes those are."""
    return manifest_key(job, f"{channel}-{slug(etag)}")


def tries_key(message_id: str) -> str:
    """Where it is counted how often a message of a queue has killed its function."""
    return f"{JOBS}_tries/{slug(message_id)}"


def model_key(job: str) -> str:
    """Where SageMaker puts the model that a training job made."""
    return f"{MODELS}{job}/output/model.tar.gz"


def job_of_model(key: str) -> str:
    """The training job that made the model with this key."""
    return key.removeprefix(MODELS).partition("/")[0]


def served_version(job: str) -> str:
    """What SageMaker calls a job's model, and its configuration, behind an endpoint."""
    return f"{SERVED}{job}"


def job_of_version(version: str) -> str:
    """The job whose model an endpoint's configuration serves; of translators it is its name."""
    return version.removeprefix(SERVED)


def output_key(job: str) -> str:
    """Where SageMaker puts the second copy of a job's results."""
    return f"{MODELS}{job}/output/output.tar.gz"


def source_key(digest: str) -> str:
    """Where the code of the jobs is, by its content."""
    return f"{SOURCE}{digest}/sourcedir.tar.gz"


def is_dataset(name: str) -> bool:
    """Whether a dataset may be called so; a name with a slash would lead to another folder."""
    return "/" not in name and results_prefix(name) != REFUSED


def results_prefix(dataset: str) -> str:
    """Where the status of a dataset and the folders of its jobs are."""
    return f"{RESULTS}{dataset}/"


def results_folder(dataset: str, job: str) -> str:
    """Where the job's files are once it has ended."""
    return f"{results_prefix(dataset)}{job}/"


def live_folder(job: str) -> str:
    """Where SageMaker copies the job's files while it runs, beside marks of its own.

    AWS is handed this as a prefix, so no name of a user may be in it.
    """
    return f"{MODELS}{job}/checkpoints/"


def is_mark(name: str) -> bool:
    """Whether SageMaker left a file of that name beside the job's, or leaves it where it is."""
    return name.endswith((UNFINISHED, UPLOADING, UPLOADED))


def model_json_key(dataset: str) -> str:
    """Where the dataset's newest model is named."""
    return f"{results_prefix(dataset)}{MODEL_JSON}"


def live_page_key(dataset: str) -> str:
    """Where what requests ask is compared with train."""
    return f"{results_prefix(dataset)}live.html"


def runs_key(dataset: str, name: str) -> str:
    """Where all jobs of the dataset are side by side, in one of three forms."""
    return results_prefix(dataset) + name


def kept_requests(dataset: str) -> str:
    """What the keys of a dataset's kept requests begin with."""
    return f"{REQUESTS}{dataset}/"


def kept_request_key(dataset: str, day: str, request_id: str) -> str:
    """Where a request is kept; the day is in ISO 8601, so that keys are in order of time."""
    return f"{kept_requests(dataset)}{day}/{slug(request_id)}.json"


def live_json_key(dataset: str) -> str:
    """Where it is written which models of the dataset answer requests."""
    return f"{results_prefix(dataset)}{LIVE_JSON}"


def dataset_of_live_json(key: str) -> str:
    """The dataset whose live.json has that key."""
    return key.removeprefix(RESULTS).removesuffix(f"/{LIVE_JSON}")


def result_with_ending(names: Collection[str], ending: str) -> str | None:
    """The name or key that ends so, or as it ended in earlier versions; None when none does."""
    endings = (ending, EARLIER_ENDINGS.get(ending, ending))
    found = sorted(name for name in names if name.endswith(endings))
    return found[-1] if found else None


def version_order_key(pair: str) -> str:
    """Where users say which version of a pair's translator is to serve."""
    return f"{TRANSLATION}{pair}_version.json"


def versions_key(dataset: str) -> str:
    """Where the versions of a translator are listed."""
    return f"{results_prefix(dataset)}{VERSIONS_CSV}"


def refusal_prefix(key: str) -> str:
    """Where the status of a misnamed key goes: a prefix made of safe characters only."""
    return f"{REFUSED}{slug(key.rsplit('/', 1)[-1])}-{digest(key)}/"


def translated_copy_key(digest: str, file: str) -> str:
    """Where the copy of a data file with translated columns is."""
    return f"{TRANSLATED}{digest}/{file}"


def translation_progress_key(digest: str) -> str:
    """Where it is written down what translating a content has cost."""
    return f"{TRANSLATED}{digest}/progress.json"


def translated_parts(digest: str, engine: str) -> str:
    """What the keys of an engine's answers for a content begin with."""
    return f"{TRANSLATED}{digest}/parts/{engine}-"


def translated_part_key(parts: str, number: int) -> str:
    return f"{parts}{number:06}.json"


def query_json_key(digest: str) -> str:
    """Where it is written what became of a query."""
    return f"{QUERIES}{digest}/query.json"


def query_rows(digest: str, token: str) -> str:
    """What the keys of the files begin with that Athena writes for one run of a query."""
    return f"{QUERIES}{digest}/{token}/rows/"


def query_result_key(digest: str, token: str, file: str) -> str:
    """Where they are as one file, which has the name of the query."""
    return f"{QUERIES}{digest}/{token}/{file}.parquet"


def digest(text: str) -> str:
    """12 hex digits that stand for a text in a name or a key."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]


def slug(name: str) -> str:
    """ASCII letters, digits and single hyphens, at most 40; `dataset` when nothing is left."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    hyphened = re.sub(r"[^A-Za-z0-9]+", "-", ascii_name).strip("-")
    return hyphened[:SLUG_LENGTH].strip("-") or "dataset"
