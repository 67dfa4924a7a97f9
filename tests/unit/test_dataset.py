import pytest

from automl.dataset import TEST_SUFFIXES, TRAIN_SUFFIXES, Dataset, dataset_of_key
from contract.layout import refusal_prefix, slug
from pipeline.errors import MisnamedError
from tests.messages import raises
from translation.columns import columns_file_of_key
from uploads.owner import dataset_of_upload, looks_like_rows, owner_of_key, owner_of_upload

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
        "data/a.b_train.sql",
    )


def test_a_folder_marker_belongs_to_no_dataset() -> None:
    assert dataset_of_key("data/") is None


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("data/titanic.csv", "name.unknown"),
        ("data/x_train.png", "instead.supported"),
        ("data/x_train.xls", "instead.xlsx"),
        ("data/x_test.ods", "instead.xlsx"),
        ("data/x_train.tsv", "instead.csv"),
        ("data/x_test.txt", "instead.csv"),
        ("data/x_train.zip", "instead.unpack"),
        ("data/x_train.csv.zip", "instead.unpack"),
        ("data/x_train.gz", "instead.csv_gz"),
        ("data/X_TRAIN.CSV", "name.upper_case"),
        ("data/x_train.XLSX", "name.upper_case"),
        ("data/x_translate.xlsx", "name.translate_csv_only"),
        ("data/x.parquet", "name.unknown"),
        ("data/../secret_train.csv", "name.folder"),
        ("data/2024/q1_train.csv", "name.folder"),
        ("data/.._train.csv", "name.blank"),
        ("data/_train.csv", "name.blank"),
        ("data/ x_train.csv", "name.blank"),
        ("data/a\nb_train.csv", "name.control_character"),
        ("data/" + "값" * 70 + "_train.csv", "name.too_long"),
        ("data/_refused_train.csv", "name.refused_reserved"),
    ],
)
def test_a_key_that_is_no_dataset_is_refused_with_what_to_do(key: str, code: str) -> None:
    with pytest.raises(MisnamedError) as refused:
        dataset_of_key(key)
    said = refused.value.message
    assert said.values["key"] == key
    assert said.values.get("instead", said).code == code


@pytest.mark.parametrize(
    "key",
    ["x_train.csv", "Data/x_train.csv", "DATA/x.json", "my/data/x_test.csv", "x_translate.csv"],
)
def test_a_file_outside_of_the_folders_belongs_to_nothing_and_is_told_where_to_go(key: str) -> None:
    with raises(MisnamedError, "name.elsewhere", key=key, name=key.rsplit("/", 1)[-1]):
        owner_of_key(key)
    assert columns_file_of_key(key) is None
    assert dataset_of_upload(key) is None


@pytest.mark.parametrize("key", ["Data/", "my/", "data/", "translation/"])
def test_no_folder_marker_needs_an_answer(key: str) -> None:
    assert owner_of_upload(key, 0) is None


@pytest.mark.parametrize("key", ["data/x_train.csv/", "data/", "translation/en-de_train.tsv/"])
def test_a_key_with_a_slash_at_its_end_that_has_content_is_answered(key: str) -> None:
    with raises(MisnamedError, "name.slash", key=key):
        owner_of_upload(key, 1)


@pytest.mark.parametrize(
    ("name", "alike"), [("caf\u00e9", "cafe\u0301"), ("\uac12", "\u1100\u1161\u11b9")]
)
def test_names_that_look_the_same_know_each_other(name: str, alike: str) -> None:
    assert Dataset(name).alike == (Dataset(alike),)
    assert Dataset(alike).alike == (Dataset(name),)
    assert Dataset("cafe").alike == ()


def test_rows_in_json_are_told_from_settings_by_their_name() -> None:
    for key, is_suspect in (("data/x_train.json", True), ("data/x.json", False)):
        owner = owner_of_key(key)
        assert owner is not None
        assert looks_like_rows(key, owner) == is_suspect
    assert not looks_like_rows("data/x_train_train.csv", Dataset("x_train"))


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
