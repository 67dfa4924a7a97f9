from pathlib import Path

import pytest

from codefree.s3_files import KeyOutsideFolderError, download_prefix, file_below, split_uri


class Bucket:
    """Just enough of an S3 client to list and download objects of any key."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys

    def get_paginator(self, name: str) -> "Bucket":
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, list[dict[str, str]]]]:
        return [{"Contents": [{"Key": key} for key in self.keys if key.startswith(Prefix)]}, {}]

    def download_file(self, bucket: str, key: str, file: str) -> None:
        Path(file).write_text(key)


def test_objects_keep_their_place_below_the_folder(tmp_path: Path) -> None:
    bucket = Bucket("results/a/report.html", "results/a/job/x.csv", "results/a/", "results/b/y")
    download_prefix(bucket, "bucket", "results/a/", tmp_path)
    files = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert files == {"report.html", "job/x.csv"}


@pytest.mark.parametrize("key", ["r/../outside.txt", "r/job/../../outside.txt"])
def test_key_that_climbs_out_of_the_folder_is_not_written(tmp_path: Path, key: str) -> None:
    folder = tmp_path / "results"
    with pytest.raises(KeyOutsideFolderError, match="outside"):
        download_prefix(Bucket(key), "bucket", "r/", folder)
    assert not (tmp_path / "outside.txt").exists()


def test_key_that_begins_with_a_slash_stays_below_the_folder(tmp_path: Path) -> None:
    assert file_below(tmp_path, "//etc/passwd") == tmp_path / "etc/passwd"


def test_key_below_a_link_that_leads_outside_is_not_written(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(KeyOutsideFolderError):
        file_below(folder, "link/outside.txt")


def test_uri_is_split_at_the_bucket() -> None:
    assert split_uri("s3://bucket/a/b c.csv") == ("bucket", "a/b c.csv")
