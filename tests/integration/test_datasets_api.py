"""What the page asks of datasets over HTTP: how they stand, their files, costs, and uploads."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl.dataset import TEST_SUFFIXES, TRAIN_SUFFIXES, dataset_of_key
from codefree.api_gateway import DATASETS_KEY, PREDICTION_KEY, TRANSLATION_KEY
from codefree.cloud import Cloud, Settings
from contract.layout import (
    DATA,
    QUERY_ENDING,
    REPORT,
    RUNS_PAGE,
    live_folder,
    live_json_key,
    model_json_key,
)
from contract.live import Canary, Live, Version
from contract.messages import message, render
from pipeline.errors import MisnamedError
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING
from tests.http import Answer, ask, pool
from tests.portable_models import JOB, put_model
from tests.statuses import written
from tests.uploads import TRAIN, ended


@pytest.fixture(scope="module")
def taking() -> Iterator[Cloud]:
    """A stack that takes uploads from its page."""
    parameters = {
        "SettleSeconds": "0",
        "TranslationFallback": "none",
        "Uploads": "true",
        "ApiRequestsPerSecond": "1000",
        "ApiBurst": "1000",
    }
    with own_cloud(Settings(parameters=parameters, training_source=STUB_TRAINING)) as cloud:
        yield cloud


def asked(cloud: Cloud, path: str, content: object = None, **headers: str) -> Answer:
    body = None if content is None else json.dumps(content).encode()
    return ask(cloud, path, body, key=DATASETS_KEY, **headers)


def offered(cloud: Cloud, name: str, file: str) -> Answer:
    return asked(cloud, f"datasets/{quote(name, safe='')}/uploads", {"file": file})


def sent(cloud: Cloud, form: Mapping[str, Any], content: bytes, **headers: str) -> Any:
    """A form as a browser sends it from the page."""
    assert cloud.api is not None
    fields = {**form["fields"], "file": ("own name.csv", content)}
    given = {"Origin": cloud.api.url.rstrip("/"), "Sec-Fetch-Site": "same-site", **headers}
    # urllib3 has a type of its own for the headers that it makes.
    return pool.request("POST", form["url"], fields=fields, headers=given)


def status_of(cloud: Cloud, name: str) -> Any:
    found = asked(cloud, "statuses").json["statuses"]
    return next((one for one in found if one["dataset"] == name), None)


def test_an_upload_of_the_page_is_trained_like_any_other(taking: Cloud, name: str) -> None:
    settings_form = offered(taking, name, f"{name}.json").json
    assert sent(taking, settings_form, b'{"target": "species"}').status == 204
    answer = offered(taking, name, f"{name}_train.csv")
    assert answer.status == 200, answer.text
    found = sent(taking, answer.json, TRAIN)
    assert found.status == 204, found.data
    assert found.headers["Access-Control-Allow-Origin"] == taking.api.url.rstrip("/")  # type: ignore[union-attr]
    assert ended(taking, name)["state"] == "completed"

    shown = status_of(taking, name)
    assert (shown["state"], shown["state_text"]) == ("completed", "completed")
    files = asked(taking, f"datasets/{quote(name)}/files").json["files"]
    links = {one["name"]: one for one in files}
    assert links.keys() >= {"model"}
    for one in files:
        fetched = urllib3.request("GET", one["url"])
        assert (fetched.status, len(fetched.data)) == (200, one["bytes"])
        shown_in_browser = fetched.headers.get("Content-Disposition") is None
        assert shown_in_browser == (one["file"] in (REPORT, RUNS_PAGE))
    costs = asked(taking, "costs").json
    assert costs["usd"] == pytest.approx(sum(one["usd"] for one in costs["datasets"]), abs=1e-4)
    assert name in {one["dataset"] for one in costs["datasets"]}


def test_a_form_is_good_for_its_key_and_size_alone(taking: Cloud, name: str) -> None:
    form = offered(taking, name, f"{name}_test.csv").json
    assert form["key"] == form["fields"]["key"] == f"data/{name}_test.csv"
    other = {**form, "fields": {**form["fields"], "key": "results/costs.csv"}}
    assert sent(taking, other, b"a\n1\n").status == 403
    assert sent(taking, form, b"").status == 400
    more = {**form, "fields": {**form["fields"], "x-amz-meta-a": "b"}}
    assert sent(taking, more, b"a\n1\n").status == 403
    unsigned = {**form, "fields": {**form["fields"], "x-amz-signature": "0" * 64}}
    assert sent(taking, unsigned, b"a\n1\n").status == 403
    s3 = taking.endpoint.client("s3")
    listed = s3.list_objects_v2(Bucket=taking.bucket, Prefix=f"data/{name}")
    assert listed["KeyCount"] == 0


@pytest.mark.parametrize("origin", ["https://foreign.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_site_sends_nothing(taking: Cloud, name: str, origin: str) -> None:
    form = offered(taking, name, f"{name}_test.csv").json
    found = sent(taking, form, b"a\n1\n", Origin=origin, **{"Sec-Fetch-Site": "cross-site"})
    assert found.status == 403
    assert "Access-Control-Allow-Origin" not in found.headers
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    assert pool.request("OPTIONS", form["url"], headers=asks).status == 403


def test_the_browser_may_ask_before_it_sends(taking: Cloud, name: str) -> None:
    assert taking.api is not None
    form = offered(taking, name, f"{name}_test.csv").json
    origin = taking.api.url.rstrip("/")
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = pool.request("OPTIONS", form["url"], headers=asks)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
    # Another method of the same place is not for pages.
    asks["Access-Control-Request-Method"] = "PUT"
    assert pool.request("OPTIONS", form["url"], headers=asks).status == 403


FILE_NAMES = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{}{}".format,
        st.text(max_size=20),
        st.sampled_from([*TRAIN_SUFFIXES, *TEST_SUFFIXES, ".json", "_train.xls", "_translate.csv"]),
    ),
)


@given(FILE_NAMES)
@settings(max_examples=100, deadline=None, suppress_health_check=[*HealthCheck])
def test_a_form_is_offered_for_what_the_pipeline_would_train_and_nothing_else(
    taking: Cloud, file: str
) -> None:
    key = f"{DATA}{file}"
    try:
        owner = dataset_of_key(key)
    except MisnamedError:
        owner = None
    answer = offered(taking, owner.name if owner else "titanic", file)
    if owner and "${filename}" not in key and not key.endswith(QUERY_ENDING):
        assert (answer.status, answer.json["fields"]["key"]) == (200, key)
    else:
        assert (answer.status, answer.json["field"]) == (400, "file"), answer.text


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("other_train.csv", "api.other_dataset"),
        ("${filename}_train.csv", "api.replaced_by_s3"),
        ("other.json", "api.other_dataset"),
        ("titanic_train.xls", "name.unknown_kind"),
        ("titanic_train.sql", "query.off"),
        ("../results/titanic_train.csv", "name.folder"),
        (1, "api.not_string"),
    ],
)
def test_what_is_no_file_of_the_dataset_is_refused_in_words(
    taking: Cloud, file: str, code: str
) -> None:
    dataset = "${filename}" if code == "api.replaced_by_s3" else "titanic"
    answer = offered(taking, dataset, file)
    assert (answer.status, answer.json["code"], answer.json["field"]) == (400, code, "file")


def test_without_the_parameter_nothing_is_taken(cloud: Cloud) -> None:
    answer = offered(cloud, "titanic", "titanic_train.csv")
    assert (answer.status, answer.json["code"]) == (409, "api.uploads_off")
    assert asked(cloud, "statuses").json["uploads"] is None
    url = f"{cloud.endpoint.url}/{cloud.bucket}"
    assert cloud.api is not None
    headers = {"Origin": cloud.api.url.rstrip("/"), "Access-Control-Request-Method": "POST"}
    assert pool.request("OPTIONS", url, headers=headers).status == 403


def test_the_page_may_send_to_the_bucket_only_where_it_takes_uploads(
    cloud: Cloud, taking: Cloud
) -> None:
    for stack, more in ((cloud, ""), (taking, f" {taking.endpoint.url}")):
        assert stack.api is not None
        policy = pool.request("GET", stack.api.url).headers["Content-Security-Policy"]
        assert f"connect-src 'self'{more};" in policy


def test_what_is_shown_to_answer_is_what_answers(cloud: Cloud, name: str) -> None:
    s3 = cloud.endpoint.client("s3")
    put_model(s3, cloud.bucket, name, "Sex")
    old, new = (Version(job, "Survived", f"2026-01-0{n}") for n, job in enumerate((JOB, "b"), 1))
    now = datetime.now(UTC)
    first = Live().published(old, Canary(50, 10), None, now)
    # The newest model, which model.json names, needs AutoGluon.
    pointer = {"job": new.job, "target": new.target, "uploaded": new.uploaded}
    status = written(name, "completed")
    objects = {f"results/{name}/status.json": status, model_json_key(name): pointer}
    for key, content in objects.items():
        s3.put_object(Bucket=cloud.bucket, Key=key, Body=json.dumps(content).encode())
    cases = {
        first.to_json(): 200,
        first.undeployed(now).to_json(): 409,
        b"{": 409,
        Live().deployed(new, now).to_json(): 409,
    }
    for content, expected in cases.items():
        s3.put_object(Bucket=cloud.bucket, Key=live_json_key(name), Body=content)
        found = ask(cloud, f"predict/{quote(name)}", b'{"Sex": "male"}')
        assert found.status == expected, found.text
        shown = status_of(cloud, name)
        assert shown["answers_requests"] == (expected == 200), content


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b"[" * 100_000, b"\xff"])
def test_a_damaged_status_hides_no_other_dataset(cloud: Cloud, name: str, content: bytes) -> None:
    s3, good = cloud.endpoint.client("s3"), f"{name}-good"
    good_status = json.dumps(written(good, "completed")).encode()
    for one, body in ((name, content), (good, good_status)):
        s3.put_object(Bucket=cloud.bucket, Key=f"results/{one}/status.json", Body=body)
    try:
        assert status_of(cloud, name) is None
        assert status_of(cloud, good) is not None
    finally:
        s3.delete_object(Bucket=cloud.bucket, Key=f"results/{name}/status.json")


def test_a_running_training_tells_how_far_it_is(cloud: Cloud, name: str) -> None:
    s3 = cloud.endpoint.client("s3")
    status = written(name, "training") | {"job": f"job-of-{name.split()[-1]}"}
    progress = {"stage": "fitting", "percent": 40, "fitting": "LightGBM", "seconds_left": 12.0}
    objects = {
        f"results/{name}/status.json": status,
        f"{live_folder(status['job'])}progress.json": progress,
    }
    for key, content in objects.items():
        s3.put_object(Bucket=cloud.bucket, Key=key, Body=json.dumps(content).encode())
    for language in ("en", "ko"):
        found = asked(cloud, "statuses", **{"Accept-Language": language}).json["statuses"]
        (own,) = (one for one in found if one["dataset"] == name)
        assert own["progress"]["percent"] == 40
        assert "LightGBM" in own["progress"]["text"]
        assert own["state_text"] == render(message("state.training"), language)
    for key in objects:
        s3.delete_object(Bucket=cloud.bucket, Key=key)


@pytest.mark.parametrize("name", ["nothing", "_refused", "a/b", "..", " "])
def test_what_is_no_dataset_is_not_found(cloud: Cloud, name: str) -> None:
    answer = asked(cloud, f"datasets/{quote(name, safe='')}/files")
    assert answer.status in (403, 404), answer.text


def test_a_parameter_that_is_not_known_is_refused_with_its_name(cloud: Cloud) -> None:
    answer = asked(cloud, "statuses?afer=a")
    assert (answer.status, answer.json["field"]) == (400, "afer")


def test_a_key_opens_what_it_is_for_and_nothing_else(taking: Cloud) -> None:
    upload = json.dumps({"file": "titanic_train.csv"}).encode()
    paths = {"statuses": None, "datasets/titanic/files": None, "costs": None}
    for other in (TRANSLATION_KEY, PREDICTION_KEY):
        for path, body in {**paths, "datasets/titanic/uploads": upload}.items():
            answer = ask(taking, path, body, key=other)
            assert (answer.status, answer.json["code"]) == (403, "api.key_not_for_datasets")
    for path, code in {
        "translate": "api.key_for_datasets",
        "predict/titanic": "api.key_for_translation",
    }.items():
        answer = ask(taking, path, b'{"text": "Hi"}', key=DATASETS_KEY)
        assert (answer.status, answer.json["code"]) == (403, code)


def test_datasets_come_a_page_at_a_time_each_once(taking: Cloud) -> None:
    s3 = taking.endpoint.client("s3")
    names = [f"many{number:03d}" for number in range(103)]
    for name in names:
        key, body = f"results/{name}/status.json", json.dumps(written(name, "waiting")).encode()
        s3.put_object(Bucket=taking.bucket, Key=key, Body=body)
    found, after = list[str](), ""
    while True:
        answer = asked(taking, f"statuses?after={quote(after)}")
        assert answer.status == 200, answer.text
        page = answer.json
        found += [one["dataset"] for one in page["statuses"]]
        if "next" not in page:
            break
        after = page["next"]
    assert [one for one in found if one.startswith("many")] == names
    for name in names:
        s3.delete_object(Bucket=taking.bucket, Key=f"results/{name}/status.json")


@pytest.mark.parametrize("after", ["a" * 1100, "가" * 400])
def test_no_list_goes_on_after_a_name_that_is_too_long(taking: Cloud, after: str) -> None:
    assert asked(taking, f"statuses?after={quote(after)}").status == 400
