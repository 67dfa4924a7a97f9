"""DuckDB in place of Athena's engine, in a process of its own: one query over files of a folder.

Run as a script: a JSON object on stdin says what is asked, one on stdout what came of it. The query
comes from outside. It can open no file beyond the tables, load no extension, and change no
setting; memory and threads are bounded here, and seconds by who has started this.
"""

import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

MEMORY, THREADS = "1GB", 2
# What it does not know is no mistake in the query.
ONLY_ATHENA = re.compile(
    r"does not exist|not implemented|no function matches|cannot be volatile|not supported", re.I
)


class QueryError(Exception):
    """Raised for a query that fails, in words as Athena would have them."""


def names(sql: str) -> dict[str, list[str]]:
    """The tables that a query reads, and names that it gives itself."""
    query = sqlglot.parse_one(sql, read="athena")
    own = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    found = {
        (table.db.lower(), table.name.lower()) for table in query.find_all(exp.Table) if table.name
    }
    return {
        "tables": sorted({name for database, name in found if database or name not in own}),
        "own": sorted(own),
    }


def databases(text: bytes) -> set[str]:
    """The databases that a text names, as AWS Glue may call them; none where it is no SQL."""
    try:
        found = sqlglot.parse(text.decode("utf-8-sig"), read="athena")
    except (sqlglot.errors.SqlglotError, UnicodeDecodeError, RecursionError):
        return set()
    named = {table.db.lower() for one in found if one for table in one.find_all(exp.Table)}
    return {name for name in named if re.fullmatch(r"[a-z0-9_-]{1,255}", name)}


def run(sql: str, tables: dict[str, str], out: Path) -> None:
    """Write the rows of a query to several files, in no order, as Athena does."""
    engine = duckdb.connect(config={"memory_limit": MEMORY, "threads": THREADS})
    engine.execute("SET TimeZone = 'UTC'")
    for name, folder in tables.items():
        _make_view(engine, name, Path(folder))
    folders = [*tables.values(), str(out)]
    for setting in (
        f"SET allowed_directories = {[f'{folder}/' for folder in folders]}",
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
        "SET temp_directory = ''",
        "SET enable_external_access = false",
        "SET lock_configuration = true",
    ):
        engine.execute(setting)
    query = _translated(sql)
    try:
        described = engine.execute(f"DESCRIBE {query}").fetchall()
        _require_different_names([row[0] for row in described])
        engine.execute(f"CREATE TEMP TABLE rows_of_query AS {query}")
    except duckdb.Error as error:
        raise QueryError(_words(error)) from error
    columns = ", ".join(_columns(engine))
    for number in range(2):
        file = out / f"part-{1 - number}"
        engine.execute(
            f"COPY (SELECT {columns} FROM rows_of_query WHERE rowid % 2 = {number})"
            f" TO '{file}' (FORMAT parquet)"
        )


def _make_view(engine: Any, name: str, folder: Path) -> None:
    """A table of CSV or Parquet files, with partitions from folders such as year=2025/.

    Names of columns are in small letters, as those of tables in AWS Glue.
    """
    files = sorted(str(file) for file in folder.rglob("*") if file.is_file())
    parquet = [file for file in files if file.endswith(".parquet")]
    reader = "read_parquet($files" if parquet else "read_csv($files, sample_size = -1"
    reader += ", hive_partitioning = true, union_by_name = true)"
    if parquet and len(parquet) != len(files):
        raise QueryError(f"HIVE_BAD_DATA: Table '{name}' has Parquet and other files.")
    listed = "[" + ", ".join(_literal(file) for file in files) + "]"
    source = reader.replace("$files", listed)
    try:
        found = engine.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    except duckdb.Error as error:
        raise QueryError(f"HIVE_BAD_DATA: Table '{name}': {_words(error)}") from error
    columns = ", ".join(f"{_quoted(row[0])} AS {_quoted(row[0].lower())}" for row in found)
    engine.execute(f"CREATE VIEW {_quoted(name)} AS SELECT {columns} FROM {source}")


def _translated(sql: str) -> str:
    """The query in DuckDB's SQL, with the names that Athena gives columns without one."""
    try:
        return _in_duckdb(sqlglot.parse_one(sql, read="athena"))
    except sqlglot.errors.SqlglotError as error:
        first = str(error).partition("\n")[0]
        raise QueryError(f"NOT_SUPPORTED on this computer: {first}") from error


def _in_duckdb(query: exp.Expr) -> str:
    for table in query.find_all(exp.Table):
        table.set("db", None)
        table.set("catalog", None)
    if isinstance(query, exp.Select):
        for number, column in enumerate(query.expressions):
            if not column.output_name and not column.is_star:
                name = exp.to_identifier(f"_col{number}")
                query.expressions[number].replace(exp.alias_(column.copy(), name))
    return query.sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)


def _columns(engine: Any) -> Iterator[str]:
    """The columns of the rows; raises QueryError for one that UNLOAD cannot write."""
    for row in engine.execute("DESCRIBE rows_of_query").fetchall():
        name, kind = _quoted(row[0]), row[1]
        if kind == "TIMESTAMP WITH TIME ZONE":
            raise QueryError(
                "NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone. Column: "
                + row[0]
            )
        # DuckDB adds whole numbers to longer ones than Athena has.
        yield f"CAST({name} AS BIGINT) AS {name}" if kind == "HUGEINT" else name


def _require_different_names(columns: list[str]) -> None:
    for name, times in Counter(map(str.lower, columns)).items():
        if times > 1:
            raise QueryError(f"DUPLICATE_COLUMN_NAME: Duplicate column name '{name}'")


def _words(error: Exception) -> str:
    first = str(error).partition("\n")[0]
    if isinstance(error, duckdb.CatalogException | duckdb.BinderException) and (
        "column" not in first.lower() and ONLY_ATHENA.search(first)
    ):
        return f"NOT_SUPPORTED on this computer: {first}"
    if isinstance(error, duckdb.OutOfMemoryException):
        return "EXHAUSTED: Query exhausted resources at this scale factor on this machine"
    return first


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def main() -> None:
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    asked = json.load(sys.stdin)
    try:
        if asked["do"] == "names":
            answer: dict[str, Any] = names(asked["sql"])
        else:
            run(asked["sql"], asked["tables"], Path(asked["out"]))
            answer = {}
    except QueryError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
