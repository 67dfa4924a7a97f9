"""The files of a dataset with the rows of its queries in place of them."""

from dataclasses import dataclass, replace

from aws import athena
from contract.layout import Named
from contract.messages import message
from pipeline.budget import plan_budget
from pipeline.errors import QueryRunsError
from pipeline.files import UploadedFiles
from pipeline.settings import apply_settings_file
from pipeline.stack import Stack
from queries.query import is_query, read_query, with_rows
from queries.rules import Rules


@dataclass(frozen=True)
class Queried:
    """Files that hold rows, and what getting them has cost."""

    files: UploadedFiles
    usd: float = 0.0


def queried(
    bucket: str, dataset: Named, files: UploadedFiles, rules: Rules, stack: Stack
) -> Queried:
    """Run the queries among the files, before anything else is known of their rows.

    Raises RefusedError for a query that may not run, cannot, or could cost too much with the
    smallest training, and QueryRunsError while one runs.
    """
    uploads = [file for file in (files.train, files.test) if file and is_query(file.key)]
    if not uploads:
        return Queried(files)
    queries = [read_query(file, rules) for file in uploads]
    worst_case = len(queries) * rules.worst_case_usd
    _require_price(files, stack, worst_case)
    found = [
        athena.rows(bucket, dataset.name, query, rules, stack.monthly_budget_usd)
        for query in queries
    ]
    usd = 0.0
    for file, query, rows in zip(uploads, queries, found, strict=True):
        if rows is None:
            gigabytes = rules.most_bytes / 10**9
            raise QueryRunsError(
                message("wait.query", file=file.key),
                (message("detail.query_limit", gigabytes=gigabytes, usd=worst_case),),
            )
        usd += rows.usd
        with_them = with_rows(file, query, rows.file)
        if file is files.train:
            files = replace(files, train=with_them)
        else:
            files = replace(files, test=with_them)
    return Queried(files, usd)


def _require_price(files: UploadedFiles, stack: Stack, usd: float) -> None:
    settings = stack.defaults
    if files.settings is not None:
        settings = apply_settings_file(settings, files.settings.sample, files.settings.key)
    plan_budget(settings, 0, stack.region, stack.use_spot, usd)
