import pytest

from automl.dataset import (
    TEST_SUFFIXES,
    TRAIN_SUFFIXES,
    Dataset,
    MisnamedError,
    dataset_of_key,
    refusal_prefix,
    slug,
)

NAMES = ["titanic", "my_data", "training_set", "constrained", "a.b", "sales (1) 2024", "a+b"]
ODD_NAMES = ["값" * 40, "x; echo INJECTED; #", 'it\'s "quoted"', "100%25", "..x", "test_train"]


@pytest.mark.parametrize("name", NAMES + ODD_NAMES)
@pytest.mark.parametrize("ending", [*TRAIN_SUFFIXES, *TEST_SUFFIXES, ".json"])
def test_every_key_of_a_dataset_leads_back_to_it(name: str, ending: str) -> None:
    assert dataset_of_key(f"data/{name}{ending}") == Dataset(name)


def test_a_dataset_has_a_key_per_kind_of_file() -> None:
    assert Dataset("a.b").train_keys == (
        "data/a.b_train.csv",
        "data/a.b_train.csv.gz",
        "data/a.b_train.parquet",
        "data/a.b_train.xlsx",
    )


def test_a_folder_marker_belongs_to_no_dataset() -> None:
    assert dataset_of_key("data/") is None


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("data/titanic.csv", "_train.csv"),
        ("data/x_train.png", "save it as one of these"),
        ("data/x_train.xls", "save it as .xlsx"),
        ("data/x_test.ods", "save it as .xlsx"),
        ("data/x_train.tsv", "end its name with .csv, tabs may stay"),
        ("data/x_test.txt", "end its name with .csv"),
        ("data/x_train.zip", "unpack it"),
        ("data/x_train.csv.zip", "unpack it"),
        ("data/x_train.gz", "pack the CSV alone as .csv.gz"),
        ("data/X_TRAIN.CSV", "in small letters, _train.csv"),
        ("data/x_train.XLSX", "in small letters, _train.xlsx"),
        ("data/x_translate.xlsx", "save it as data/<name>_translate.csv"),
        ("data/x.parquet", "name it data/<name>_train.csv"),
        ("data/../secret_train.csv", "folder"),
        ("data/2024/q1_train.csv", "folder"),
        ("data/.._train.csv", "blank"),
        ("data/_train.csv", "blank"),
        ("data/ x_train.csv", "space"),
        ("data/a\nb_train.csv", "control character"),
        ("data/" + "값" * 70 + "_train.csv", "200 bytes"),
        ("data/_refused_train.csv", "taken"),
    ],
)
def test_a_key_that_is_no_dataset_is_refused_with_what_to_do(key: str, word: str) -> None:
    with pytest.raises(MisnamedError, match=word):
        dataset_of_key(key)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("titanic", "titanic"),
        ("Sales (1) 2024", "Sales-1-2024"),
        ("값" * 40, "dataset"),
        ("café_crème", "cafe-creme"),
        ("a" * 39 + "-b", "a" * 39),
        ("--", "dataset"),
    ],
)
def test_a_slug_is_what_a_job_name_may_hold(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_two_misnamed_keys_never_share_a_status() -> None:
    assert refusal_prefix("data/a/x_train.csv") != refusal_prefix("data/b/x_train.csv")


def test_the_status_of_a_hostile_key_stays_below_refused() -> None:
    prefix = refusal_prefix("data/../../x;rm -rf /_train.csv")
    assert prefix.startswith("results/_refused/")
    assert ".." not in prefix and " " not in prefix
