"""Which room of functions/ may know which other."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract import layout
from tests.template_facts import FUNCTIONS, ROOT, imported_names

CODE = ROOT / "functions"
# What each package may import of ours, besides itself.
MAY_IMPORT = {
    "contract": set[str](),
    "reading": {"contract"},
    "portable": {"contract", "reading"},
    # Of the last one only its folder: jobs get a copy.
    "pipeline": {"contract", "reading", "portable"},
    "api": {"contract"},
    "queries": {"contract", "pipeline", "reading"},
    "automl": {"contract", "pipeline", "reading"},
    "translation": {"api", "contract", "pipeline", "reading"},
    "serving": {"api", "contract", "portable", "reading"},
    "showing": {"api", "automl", "contract", "pipeline", "reading"},
    "aws": {
        "api",
        "contract",
        "pipeline",
        "reading",
        "automl",
        "translation",
        "portable",
        "serving",
        "showing",
        "queries",
    },
    "uploads": {
        "api",
        "contract",
        "pipeline",
        "reading",
        "automl",
        "translation",
        "serving",
        "queries",
        "aws",
    },
}


# Requests of boto3, and what json.loads makes of JSON that is not ours.
MOST_ANY_DICTS = 15
PREFIXES = re.compile(
    rf"(^|[/ (])({'|'.join(p.rstrip('/') for p in (layout.RESULTS, layout.JOBS, layout.MODELS))})/"
)
# Sentences for people that name a folder.
SPEAKS_OF_FOLDERS = {"codefree/cli.py"}


def packages_imported_by(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported_names(path)}


def test_the_top_of_the_functions_shows_the_handlers_and_nothing_else() -> None:
    handlers = {function["Handler"].partition(".")[0] for function in FUNCTIONS.values()}
    assert {path.stem for path in CODE.glob("*.py")} == handlers
    assert {path.parent.name for path in CODE.glob("*/*.py")} == set(MAY_IMPORT)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_the_packages_below_it(package: str) -> None:
    for path in (CODE / package).rglob("*.py"):
        own = packages_imported_by(path) & set(MAY_IMPORT) - {package}
        assert own <= MAY_IMPORT[package], path


def test_only_handlers_import_powertools_outside_the_rim() -> None:
    paths = [path for path in CODE.glob("*/*.py") if path.parent.name != "aws"]
    assert [p for p in paths if "aws_lambda_powertools" in packages_imported_by(p)] == []


@pytest.mark.parametrize("package", ["contract", "reading", "portable"])
def test_what_the_training_job_shares_needs_no_package_that_a_function_has(package: str) -> None:
    ours, optional = set(MAY_IMPORT), {"charset_normalizer", "python_calamine"}
    if package == "portable":
        optional = {"numpy"}
    for path in (CODE / package).rglob("*.py"):
        others = packages_imported_by(path) - ours - sys.stdlib_module_names
        assert others <= optional, path


def test_only_the_rim_knows_boto3() -> None:
    paths = [path for path in CODE.rglob("*.py") if path.parent.name != "aws"]
    assert [p for p in paths if packages_imported_by(p) & {"boto3", "botocore"}] == []
    assert [p for p in paths if "aws.clients" in imported_names(p)] == []


def test_one_module_has_files_read_and_does_so_in_a_child() -> None:
    readers = {f"reading.{path.stem}" for path in (CODE / "reading").glob("*_head.py")}
    reading = re.compile(
        rf"({'|'.join(map(re.escape, (*readers, 'reading.head')))})\.(read_|unpack)"
    )
    paths = [path for path in CODE.rglob("*.py") if path.parent.name != "reading"]
    found = [path for path in paths if any(map(reading.match, imported_names(path)))]
    assert [path.relative_to(CODE).as_posix() for path in found] == ["pipeline/files.py"]
    assert "reading.bounded.bounded" in imported_names(found[0])


def test_what_others_may_upload_is_never_fetched_whole() -> None:
    calls = [
        ast.unparse(node.func)
        for _, node in nodes("functions/uploads")
        if isinstance(node, ast.Call)
    ]
    assert "objects.sample" in calls
    assert "stored.read" not in calls


def nodes(*folders: str) -> Iterator[tuple[Path, ast.AST]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                yield path, node


def is_any_dict(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and ast.unparse(node) == "dict[str, Any]"


def reads_a_spec(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and ast.unparse(node.value).rpartition(".")[2] in (
        "spec",
        "job_json",
    )


def compares_a_kind(node: ast.AST) -> bool:
    """With a string: what a job makes is told by its type."""
    if not isinstance(node, ast.Compare):
        return False
    sides = [node.left, *node.comparators]
    parts = [part for side in sides for part in ast.walk(side)]
    # A name in quotes is the other side, unless it is the key of a subscript.
    keys = {id(part.slice) for part in parts if isinstance(part, ast.Subscript)}
    strings = [
        part
        for part in parts
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in keys
    ]
    return bool(strings) and any(re.search(r"\bkind\b", ast.unparse(side)) for side in sides)


def test_values_have_types_but_for_requests_of_boto3() -> None:
    found = [(path, node) for path, node in nodes("functions") if is_any_dict(node)]
    assert 0 < len(found) <= MOST_ANY_DICTS
    assert [path for path, node in nodes("functions") if reads_a_spec(node)] == []
    assert [path for path, node in nodes("functions") if compares_a_kind(node)] == []


@pytest.mark.parametrize(
    ("check", "code"),
    [
        (is_any_dict, "def f(x: dict[str, Any]): ..."),
        (reads_a_spec, "spec['kind']"),
        (compares_a_kind, "job.kind == 'model'"),
        (compares_a_kind, "spec['kind'] in ('model',)"),
    ],
)
def test_the_checks_find_what_they_look_for(check: Callable[[ast.AST], bool], code: str) -> None:
    assert any(check(node) for node in ast.walk(ast.parse(code)))


def prefixes_in(code: str) -> list[str]:
    """Strings of the code, docstrings aside, that spell a prefix of the bucket."""
    tree = ast.parse(code)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in prose
        and PREFIXES.search(node.value)
    ]


def test_one_module_knows_the_layout_of_the_bucket() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): prefixes
        for folder in ("functions", "codefree", "training_src")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (prefixes := prefixes_in(path.read_text("utf-8")))
    }
    assert set(found) - SPEAKS_OF_FOLDERS == {"functions/contract/layout.py"}, found


def test_a_prefix_is_found_in_strings_and_not_in_docstrings() -> None:
    assert prefixes_in('"""Reads jobs/<name>/job.json."""') == []
    assert prefixes_in('key = f"jobs/{name}/job.json"') == ["jobs/"]
    assert prefixes_in('key = "s3://b/results/x"') == ["s3://b/results/x"]


def test_the_template_speaks_of_the_same_prefixes() -> None:
    text = (ROOT / "template.yaml").read_text("utf-8")
    spelled = set(re.findall(r"\$\{(?:Bucket|BucketArn)\}/([a-z]+/)", text))
    assert spelled <= set(layout_prefixes()), spelled
    (unheard,) = re.findall(r"anything-but: \{ prefix: \[(.*?)\]", text)
    assert set(unheard.split(", ")) == set(layout.OWN_FOLDERS)


def layout_prefixes() -> tuple[str, ...]:
    return (layout.DATA, layout.TRANSLATION, *layout.OWN_FOLDERS)
