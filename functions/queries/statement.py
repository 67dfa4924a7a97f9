"""Whether a text is one query that only reads, and what it reads.

sqlglot takes half a second to import, so that only the process that reads a query does so.
What runs is not the text but what was understood of it, written again: nothing that another reader
would understand otherwise gets through.
"""

import logging
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from contract.messages import Message, message
from queries.athena_functions import FUNCTIONS, MAY_DIFFER
from reading.errors import UnreadableError

DIALECT, CATALOG = "athena", "awsdatacatalog"
READS = (exp.Select, exp.SetOperation, exp.Subquery)
# What changes, runs or locks something, or is filled in from outside the text.
DOES_MORE = (
    *(exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.Copy, exp.Use, exp.Set, exp.Drop),
    *(exp.Alter, exp.Describe, exp.Show, exp.Pragma, exp.Transaction, exp.Hint),
    *(exp.Parameter, exp.SessionParameter, exp.Placeholder),
)
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
CALLED = re.compile(r"(\w+)\(")
# It warns of what it does not take apart, which is refused in words here.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Statement:
    """One query that only reads."""

    sql: str
    """For Athena, without comments."""
    tables: tuple[str, ...]
    """Those of the default database and all others, `database.table`; common table expressions
    of the query among them."""
    may_differ: tuple[str, ...]
    """What in it can give other rows each time that it runs."""


def read_statement(text: str, databases: Collection[str]) -> Statement:
    """The one query of a text; raises UnreadableError with a sentence for the uploader.

    `databases` are those whose tables it may read.
    """
    try:
        return _read(text, databases)
    except RecursionError as error:
        raise UnreadableError(message("query.too_deep")) from error


def _read(text: str, databases: Collection[str]) -> Statement:
    sql = _written(_only_query(text))
    query = _only_query(sql)
    if _written(query) != sql:
        raise UnreadableError(message("query.ambiguous"))
    _require_reading(query)
    tables = {name for table in query.find_all(exp.Table) if (name := _name(table, databases))}
    called = set(_functions(query))
    if unknown := sorted(called - FUNCTIONS):
        raise UnreadableError(message("query.function", functions=tuple(unknown)))
    twice = [name for name, times in Counter(_names_of_columns(query)).items() if times > 1]
    if twice:
        raise UnreadableError(message("query.same_names", columns=tuple(twice)))
    return Statement(sql, tuple(sorted(tables)), tuple(_may_differ(query, called)))


def _only_query(text: str) -> exp.Query:
    try:
        found = [one for one in sqlglot.parse(text, read=DIALECT) if one is not None]
    except SqlglotError as error:
        raise UnreadableError(_where(error)) from error
    statements = [one for one in found if not isinstance(one, exp.Semicolon)]
    if not statements:
        raise UnreadableError(message("query.empty"))
    if len(statements) > 1:
        raise UnreadableError(message("query.statements", count=len(statements)))
    (query,) = statements
    if not isinstance(query, READS):
        raise UnreadableError(message("query.not_select"))
    return query


def _written(node: exp.Expr) -> str:
    """For Athena; a comment could end in the middle of what is written around the query."""
    return node.sql(dialect=DIALECT, comments=False)


def _where(error: SqlglotError) -> Message:
    errors = getattr(error, "errors", [])
    first = errors[0] if errors else {}
    reason = first.get("description") or str(error).partition("\n")[0]
    return message("query.unreadable", line=first.get("line") or 1, text=reason)


def _require_reading(query: exp.Query) -> None:
    for node in query.walk():
        if isinstance(node, DOES_MORE):
            part = _written(node) or type(node).__name__.upper()
            raise UnreadableError(message("query.does_more", part=part))


def _name(table: exp.Table, databases: Collection[str]) -> str:
    """`table` or `database.table`, in small letters, as Athena takes them."""
    parts = table.parts
    if not all(isinstance(part, exp.Identifier) for part in parts):
        raise UnreadableError(message("query.table_function", part=_written(table.this)))
    for part in parts:
        if not NAME.fullmatch(part.name):
            raise UnreadableError(message("query.table_name", table=part.name))
    *catalog, name = [part.name.lower() for part in parts]
    database = catalog.pop() if catalog else ""
    if catalog and catalog != [CATALOG]:
        raise UnreadableError(message("query.catalog", catalog=catalog[0]))
    if database and database not in databases:
        allowed = tuple(databases)
        raise UnreadableError(message("query.database", database=database, databases=allowed))
    return f"{database}.{name}" if database else name


def _functions(query: exp.Query) -> Iterator[str]:
    """What it calls, by the names that Athena has for them."""
    for node in query.find_all(exp.Func):
        if found := CALLED.match(_written(node)):
            yield found[1].lower()


def _names_of_columns(query: exp.Query) -> Iterator[str]:
    """The names that the result has for sure; those behind a star are not known here."""
    return (name.lower() for name in query.named_selects if name and name != "*")


def _may_differ(query: exp.Query, called: set[str]) -> Iterator[str]:
    yield from sorted(called & MAY_DIFFER)
    if query.find(exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime):
        yield "current_timestamp"
    if query.find(exp.TableSample):
        yield "TABLESAMPLE"
    for limited in query.find_all(exp.Limit, exp.Fetch):
        if limited.parent is not None and not limited.parent.args.get("order"):
            yield "LIMIT"
            return
