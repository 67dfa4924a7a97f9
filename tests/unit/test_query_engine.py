"""Twenty queries as workshops and AWS's pages have them, on the laptop's road.

Rows are those that Athena's documentation promises. A query runs alike, or is refused in words.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from codefree.query_engine import QueryError, databases, names, run
from queries.statement import read_statement

REVIEWS = """Review_ID,Star_Rating,Review_Body,Product_Category,Review_Date
1,5,good book,Books,2015-01-01
2,1,bad toy,Toys,2015-02-03
3,4,nice book,Books,2016-02-03
4,,no stars,Books,2016-12-31
"""
ALIKE: dict[str, list[tuple[Any, ...]]] = {
    "SELECT star_rating, review_body"
    " FROM reviews WHERE product_category = 'Toys' AND year = 2015": [(1, "bad toy")],
    "SELECT product_category, count(*) AS n FROM reviews GROUP BY product_category": [
        ("Books", 3),
        ("Toys", 1),
    ],
    "SELECT date_diff('day', date '2015-01-01', review_date) AS d"
    " FROM reviews WHERE review_id = 2": [(33,)],
    "SELECT date_format(review_date, '%Y-%m') AS m FROM reviews WHERE review_id = 4": [
        ("2016-12",)
    ],
    "SELECT CAST(date_add('day', 1, review_date) AS varchar) AS d"
    " FROM reviews WHERE review_id = 4": [("2017-01-01 00:00:00",)],
    "SELECT regexp_extract(review_body, '(\\w+) book', 1) AS w FROM reviews WHERE review_id = 1": [
        ("good",)
    ],
    "SELECT regexp_like(review_body, '^bad') AS b FROM reviews WHERE review_id < 3": [
        (False,),
        (True,),
    ],
    "SELECT split(review_body, ' ')[2] AS w FROM reviews WHERE review_id = 3": [("book",)],
    "SELECT try_cast(review_body AS bigint) AS n FROM reviews WHERE review_id = 1": [(None,)],
    "SELECT w"
    " FROM reviews CROSS JOIN UNNEST(split(review_body, ' ')) AS t(w) WHERE review_id = 1": [
        ("book",),
        ("good",),
    ],
    "SELECT json_extract_scalar('{\"a\":{\"b\":3}}', '$.a.b') AS x": [("3",)],
    "SELECT if(star_rating > 3, 'good', 'bad') AS v FROM reviews WHERE review_id IN (1, 2)": [
        ("bad",),
        ("good",),
    ],
    "SELECT coalesce(star_rating, 0) AS s, element_at(ARRAY[7, 8], 2) AS e"
    " FROM reviews WHERE review_id = 4": [(0, 8)],
    "SELECT approx_distinct(product_category) AS n, max_by(review_id, star_rating) AS best"
    " FROM reviews": [(2, 1)],
    "WITH r AS (SELECT *, row_number() OVER (PARTITION BY product_category ORDER BY review_id) AS n"
    " FROM reviews) SELECT review_id FROM r WHERE n = 1": [(1,), (2,)],
    "SELECT lag(review_id) OVER (ORDER BY review_id) AS before FROM reviews": [
        (1,),
        (2,),
        (3,),
        (None,),
    ],
    "SELECT count(*) FILTER (WHERE star_rating >= 4) AS good, sum(star_rating) AS s FROM reviews": [
        (2, 10)
    ],
    "SELECT a.review_id FROM reviews a LEFT JOIN reviews b ON a.review_id = b.star_rating"
    " WHERE b.review_id IS NULL": [(2,), (3,)],
    "SELECT review_id"
    " FROM reviews WHERE review_date BETWEEN date '2016-01-01' AND date '2016-06-30'"
    " UNION SELECT 9": [(3,), (9,)],
    "SELECT count(*), upper(max(product_category)) FROM reviews": [(4, "TOYS")],
}
ONLY_ATHENA = (
    "SELECT format_datetime(timestamp '2015-03-04 00:00:00', 'yyyy-MM') AS m FROM reviews",
    "SELECT review_id, row_number() OVER (ORDER BY rand()) AS r FROM reviews",
    "SELECT soundex(review_body) AS s FROM reviews",
)


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, str]:
    header, *rows = REVIEWS.splitlines()
    for year in (2015, 2016):
        folder = tmp_path / f"reviews/year={year}"
        folder.mkdir(parents=True)
        own = [row for row in rows if f",{year}-" in row]
        (folder / "rows.csv").write_text("\n".join([header, *own]) + "\n")
    return {"reviews": str(tmp_path / "reviews")}


def rows(query: str, tables: dict[str, str], out: Path) -> list[tuple[Any, ...]]:
    out.mkdir()
    run(read_statement(query, ("default",)).sql, tables, out)
    found = [pq.read_table(file) for file in out.iterdir()]
    return sorted((tuple(row.values()) for one in found for row in one.to_pylist()), key=str)


@pytest.mark.parametrize("query", ALIKE)
def test_a_query_gives_the_rows_that_athena_gives(
    query: str, tables: dict[str, str], tmp_path: Path
) -> None:
    assert rows(query, tables, tmp_path / "out") == ALIKE[query]


@pytest.mark.parametrize("query", ONLY_ATHENA)
def test_what_only_athena_can_run_is_said_to_be(
    query: str, tables: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(QueryError, match="on this computer"):
        rows(query, tables, tmp_path / "out")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT a.*, b.* FROM reviews a, reviews b", "Duplicate column"),
        ("SELECT from_unixtime(1) AS t FROM reviews", "with time zone"),
        ("SELECT nothing FROM reviews", "nothing"),
    ],
)
def test_what_athena_cannot_store_fails_here_too(
    query: str, words: str, tables: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(QueryError, match=words):
        rows(query, tables, tmp_path / "out")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd', header = false)",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT getenv('HOME') AS h",
        "SELECT * FROM range(100000000000) t(x) ORDER BY x DESC",
    ],
)
def test_a_query_that_gets_past_the_rules_can_neither_read_files_nor_take_all_memory(
    sql: str, tables: dict[str, str], tmp_path: Path
) -> None:
    """The engine is asked directly, in its own SQL."""
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(QueryError):
        run(sql, tables, out)
    assert list(out.iterdir()) == []


def test_the_engine_is_a_program_that_answers_in_json(tables: dict[str, str]) -> None:
    asked = {"do": "names", "sql": "WITH own AS (SELECT 1 AS a) SELECT * FROM own, Reviews, x.y"}
    program = Path(sys.modules[run.__module__].__file__ or "")
    done = subprocess.run(
        [sys.executable, "-I", program], input=json.dumps(asked), capture_output=True, text=True
    )
    assert json.loads(done.stdout) == {"tables": ["reviews", "y"], "own": ["own"]}


def test_names_of_tables_and_databases_are_found() -> None:
    assert names("SELECT * FROM a JOIN b.c USING (x)")["tables"] == ["a", "c"]
    assert databases(b"SELECT * FROM a JOIN B.c USING (x)") == {"b"}
    assert databases(b"no (sql") == set()
