"""The page for people by HTTP, and what it shows of datasets: how they stand, their files."""

import mimetypes
import os
from datetime import UTC, datetime
from pathlib import Path

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.answer import page_headers
from api.errors import ConflictError, NotFoundError
from aws.dataset_files import FORM_SECONDS, LINK_SECONDS, DatasetFiles
from aws.http_api import HttpApi, answer
from contract.messages import message
from showing.answer import costs_body, files_body, statuses_body, upload_body
from showing.upload import endings, key_to_upload

logger = Logger()
bucket = os.environ["DATASET_BUCKET"]
datasets = DatasetFiles(bucket)
own_key = os.environ["DATASETS_KEY_ID"]
uploads = os.environ["UPLOADS"] == "true"
queries = os.environ["QUERIES"] == "true"
page = Path(os.environ["PAGE_DIR"])
parts = {path.name for path in page.iterdir() if path.suffix in (".css", ".js")}
# No other site may ask.
app = HttpApi(logger, origin="")


@logger.inject_lambda_context(
    clear_state=True, correlation_id_path=correlation_paths.API_GATEWAY_REST
)
def lambda_handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """One HTTP request, as API Gateway hands it over."""
    return app.resolve(event, context)


@app.get("/")
def page_itself() -> Response[str]:
    return _file("index.html")


@app.get("/page/{file}")
def page_part() -> Response[str]:
    file = app.part("file")
    if file not in parts:
        raise NotFoundError(message("api.not_found"))
    return _file(file)


@app.get("/statuses")
def statuses() -> Response[str]:
    require_own_key()
    found, after = datasets.page(app.parameters("after").get("after"))
    taken = endings(queries) if uploads else []
    return answer(200, statuses_body(found, after, bucket, taken, app.language))


@app.get("/datasets/{dataset}/files")
def files() -> Response[str]:
    require_own_key()
    status, found = datasets.files(app.part("dataset"))
    return answer(200, files_body(status, found, LINK_SECONDS, app.language))


@app.post("/datasets/{dataset}/uploads")
def upload() -> Response[str]:
    require_own_key()
    if not uploads:
        raise ConflictError(message("api.uploads_off"))
    key = key_to_upload(app.body, app.part("dataset"), queries)
    logger.info("upload offered")
    return answer(200, upload_body(key, datasets.form(key), FORM_SECONDS))


@app.get("/costs")
def costs() -> Response[str]:
    require_own_key()
    return answer(200, costs_body(datasets.ledger(), datetime.now(UTC)))


def require_own_key() -> None:
    app.require_key(own_key, "api.key_not_for_datasets")


def _file(name: str) -> Response[str]:
    kind = mimetypes.guess_type(name)[0]
    text = (page / name).read_text(encoding="utf-8")
    headers = page_headers(datasets.origin if uploads else None)
    return Response(200, f"{kind}; charset=utf-8", text, headers=headers)
