"""What a query may be: one SELECT over tables of the allowed databases, and nothing else."""

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from contract.messages import render
from pipeline.errors import RefusedError
from pipeline.files import UploadedFile
from queries.query import (
    Run,
    asked_by,
    failure,
    json_key,
    new_run,
    read_query,
    run_name,
    statement,
)
from queries.rules import GIGABYTE, Rules
from queries.statement import DIALECT, read_statement
from reading.errors import UnreadableError

DATABASES = ("bank", "lake")
RULES = Rules(DATABASES, "stack-queries", 10 * GIGABYTE, 5.0)
QUERY = "SELECT a, count(*) AS n FROM calls JOIN lake.people USING (id) GROUP BY a"
OTHERS = (
    *("DROP TABLE calls", "DELETE FROM calls", "INSERT INTO calls SELECT 1", "SHOW TABLES"),
    *("CREATE TABLE x AS SELECT 1", "UNLOAD (SELECT 1) TO 's3://evil/'", "EXPLAIN SELECT 1"),
    *("MSCK REPAIR TABLE calls", "ALTER TABLE calls DROP COLUMN a", "PREPARE p FROM SELECT 1"),
    *("USING EXTERNAL FUNCTION f(x INT) RETURNS INT LAMBDA 'evil' SELECT f(1)", "SET x = 1"),
    *("MERGE INTO calls USING b ON a = b WHEN MATCHED THEN DELETE", "TRUNCATE TABLE calls"),
)
OUTSIDE = (
    *("read_csv('/etc/passwd')", "'/etc/passwd'", '"/etc/passwd"', '"s3://evil/x.parquet"'),
    *("TABLE(system.query('SELECT 1'))", "prison.calls", "hive.bank.calls", "glob('*')"),
    *("information_schema.tables", '"calls$partitions"', "read_text('/etc/passwd')"),
)
PIECES = st.sampled_from(
    (
        *("SELECT", "1", "AS a", "FROM", "calls", ",", ";", "(", ")", "--", "/*", "*/", "'", '"'),
        *("DROP TABLE calls", "UNION ALL", "TO 's3://evil/'", "WITH", "x AS", "WHERE", "\n", "`"),
        *(
            "UNLOAD",
            "INSERT INTO calls",
            "read_csv('x')",
            "prison.calls",
            "\\",
            "''",
            "$$",
            "E'\\''",
        ),
    )
)


def refusal(text: str) -> str:
    with pytest.raises(UnreadableError) as reason:
        read_statement(text, DATABASES)
    return reason.value.message.code


def upload(text: str, **other: str) -> UploadedFile:
    body = text.encode()
    known = {"etag": "e", "version": "v", "uploaded": "2026-11-30T00:00:00Z"} | other
    return UploadedFile("data/calls_train.sql", len(body), sample=body, **known)


def test_a_query_is_written_again_without_comments() -> None:
    found = read_statement(f"-- first\n{QUERY} /* ) TO 's3://evil/' */;", DATABASES)
    assert "evil" not in found.sql
    assert found.tables == ("calls", "lake.people")
    assert found.may_differ == ()


@given(
    st.sampled_from(OTHERS), st.sampled_from((";", ";\n", "; -- x\n", ";/* y */")), st.booleans()
)
def test_a_second_statement_is_refused(other: str, between: str, first: bool) -> None:
    text = f"{other}{between}{QUERY}" if first else f"{QUERY}{between}{other}"
    assert refusal(text) in ("query.statements", "query.not_select", "query.unreadable")


@pytest.mark.parametrize("other", OTHERS)
def test_only_reading_is_allowed(other: str) -> None:
    assert refusal(other) in ("query.not_select", "query.does_more", "query.unreadable")


@pytest.mark.parametrize("outside", OUTSIDE)
@pytest.mark.parametrize("around", ["SELECT * FROM {}", "SELECT (SELECT max(x) FROM {}) AS a"])
def test_nothing_outside_the_databases_is_read(outside: str, around: str) -> None:
    assert refusal(around.format(outside)) in (
        *("query.table_function", "query.table_name", "query.database", "query.catalog"),
        *("query.function", "query.unreadable"),
    )


@pytest.mark.parametrize("name", ["getenv", "read_blob", "query", "current_setting"])
def test_functions_of_other_engines_are_refused(name: str) -> None:
    assert refusal(f"SELECT {name}('x') AS a FROM calls") == "query.function"


@given(st.lists(PIECES, max_size=14).map(" ".join))
def test_whatever_passes_is_one_query_within_its_parentheses(text: str) -> None:
    """Athena gets `UNLOAD (…) TO …`: what is inside must not end early."""
    try:
        found = read_statement(text, DATABASES)
    except UnreadableError:
        return
    (again,) = sqlglot.parse(found.sql, read=DIALECT)
    assert isinstance(again, exp.Query)
    assert {table.db for table in again.find_all(exp.Table)} <= {"", *DATABASES}
    (inside,) = sqlglot.parse(f"SELECT * FROM ({found.sql}) AS whole", read=DIALECT)
    assert isinstance(inside, exp.Select)
    assert inside.args["from_"].this.this.sql(DIALECT) == again.sql(DIALECT)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        read_statement(text, DATABASES)
    except UnreadableError as error:
        assert render(error.message)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT a, rand() AS r FROM calls", ("rand",)),
        ("SELECT a FROM calls LIMIT 5", ("LIMIT",)),
        ("SELECT a FROM calls ORDER BY a LIMIT 5", ()),
        ("SELECT a FROM calls TABLESAMPLE BERNOULLI (10)", ("TABLESAMPLE",)),
        ("SELECT a FROM calls WHERE d < current_date", ("current_date", "current_timestamp")),
    ],
)
def test_what_gives_other_rows_each_time_is_known(query: str, why: tuple[str, ...]) -> None:
    assert set(read_statement(query, DATABASES).may_differ) <= set(why)
    assert bool(read_statement(query, DATABASES).may_differ) == bool(why)


def test_a_query_too_deep_for_its_reader_is_refused() -> None:
    assert refusal(f"SELECT {'(' * 5000}1{')' * 5000} AS a") == "query.too_deep"


def test_without_the_parameter_it_is_refused_and_named() -> None:
    with pytest.raises(RefusedError) as reason:
        read_query(upload(QUERY), Rules())
    assert "SqlDatabases" in str(reason.value.message)


def test_the_same_text_has_one_place_which_its_statement_tells() -> None:
    once, again = (read_query(upload(QUERY, version="v", etag=etag), RULES) for etag in "ab")
    assert once.digest == again.digest
    other = read_query(upload(f"{QUERY} -- today"), RULES)
    assert other.digest != once.digest
    run = new_run(once)
    assert new_run(once).token != run.token
    asked = asked_by(statement("bucket", once, run))
    assert asked is not None
    assert (asked.bucket, asked.json_key) == ("bucket", json_key(once))
    assert asked.name == run_name(once.digest, run.token)
    assert asked_by("SELECT 1") is None


def test_a_query_costs_what_it_reads_and_ten_megabytes_at_least() -> None:
    assert RULES.worst_case_usd == pytest.approx(0.05)
    assert RULES.cost_usd(1) == RULES.cost_usd(10**7)
    assert RULES.cost_usd(0) == 0.0


@pytest.mark.parametrize(
    ("state", "said", "code"),
    [
        ("FAILED", "Insufficient Lake Formation permission(s) on calls", "query.lake_formation"),
        ("CANCELLED", "Bytes scanned limit was exceeded", "query.too_much_read"),
        ("CANCELLED", "Query has been cancelled by user request", "query.cancelled"),
        ("FAILED", "PERMISSION_DENIED: not authorized to perform: s3:GetObject", "query.denied"),
        ("FAILED", "COLUMN_NOT_FOUND: line 1:8: Column 'b' cannot be resolved", "query.failed"),
        ("FAILED", "DUPLICATE_COLUMN_NAME: Duplicate column name 'a'", "query.same_names_failed"),
        ("EMPTY", "", "query.no_rows"),
        ("TOO_LARGE", "", "query.rows_too_large"),
    ],
)
def test_a_query_without_rows_says_why_in_its_own_words(state: str, said: str, code: str) -> None:
    query = read_query(upload(QUERY), RULES)
    reason = failure(query, Run(query.key, "v", "t", state=state, failed=said), 0.5)
    assert reason.message.values["reason"].code == code
    assert said in render(reason.message)
    assert reason.usd == 0.5
