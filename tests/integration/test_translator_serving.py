"""A trained translator goes behind its endpoint, goes when idle, and comes back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.sns.models import sns_backends

from codefree.aws import ACCOUNT
from codefree.cloud import Cloud, Settings
from contract.layout import TRANSLATION, job_json_key, live_json_key, model_json_key
from tests.clouds import own_cloud
from tests.conftest import eventually
from tests.endpoints import endpoint, records
from tests.endpoints import status as endpoint_status
from tests.http import post
from tests.messages import codes_in
from tests.translators import PAIR, answers, upload

KEY = f"translation/{PAIR}_train.tsv"
STATUS = f"results/translation/{PAIR}/status.json"
STUB = Path(__file__).parents[1] / "stub_training"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    parameters = {"SettleSeconds": "0", "RetrySeconds": "60", "TranslationFallback": "none"}
    with own_cloud(Settings(parameters=parameters, training_source=STUB)) as cloud:
        yield cloud


def status(cloud: Cloud, pair: str = PAIR) -> dict[str, Any]:
    """Nothing in it before the pair's first upload was answered."""
    s3 = cloud.endpoint.client("s3")
    key = f"results/translation/{pair}/status.json"
    if not s3.list_objects_v2(Bucket=cloud.bucket, Prefix=key).get("Contents"):
        return {}
    found: dict[str, Any] = json.loads(s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read())
    return found


def has(cloud: Cloud, code: str, pair: str) -> bool:
    """Whether the finished translator's status says this of its endpoint."""
    shown = status(cloud, pair)
    return shown.get("state") == "completed" and code in codes_in(shown)


def serves(cloud: Cloud, word: str, pair: str) -> bool:
    """Whether the pair's endpoint, which the API need not offer, answers with the word."""
    runtime = cloud.endpoint.client("sagemaker-runtime")
    body = json.dumps({"instances": [{"data": "anything"}]})
    name = cloud.endpoint_name(pair)
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=name, Body=body, ContentType="application/json"
        )
    except runtime.exceptions.ClientError:
        return False
    found = json.loads(answer["Body"].read())["predictions"][0]["target"]
    return bool(found == f"{word} 0")


def said(cloud: Cloud, text: str) -> bool:
    shown = status(cloud)
    return text in " ".join([shown["headline"], *shown["details"], *shown["notes"]])


def test_a_finished_translator_answers_the_api(cloud: Cloud) -> None:
    upload(cloud, "alt")

    eventually(lambda: answers(cloud, "alt"))
    eventually(
        lambda: said(cloud, f"The endpoint {cloud.endpoint_name(PAIR)} serves this translator")
    )


def test_a_better_one_takes_over(cloud: Cloud) -> None:
    upload(cloud, "neu")

    eventually(lambda: answers(cloud, "neu"))


def test_an_endpoint_that_is_used_or_new_stays(cloud: Cloud) -> None:
    assert cloud.functions["RetireEndpointsFunction"].invoke({}) == []
    make_old(cloud)
    put_invocations(cloud, 3)

    assert cloud.functions["RetireEndpointsFunction"].invoke({}) == []
    assert endpoint_status(cloud, cloud.endpoint_name(PAIR)) == "InService"


def test_an_idle_endpoint_goes_and_comes_back_with_its_file(cloud: Cloud) -> None:
    make_old(cloud)
    forget_invocations(cloud)

    assert cloud.functions["RetireEndpointsFunction"].invoke({}) == [cloud.endpoint_name(PAIR)]
    assert post(cloud, {"text": "anything"}).status == 503
    assert said(cloud, f"upload {KEY} again")
    jobs = len(cloud.endpoint.client("sagemaker").list_training_jobs()["TrainingJobSummaries"])

    upload(cloud, "neu")

    eventually(lambda: answers(cloud, "neu"))
    after = cloud.endpoint.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert len(after) == jobs


def test_an_endpoint_that_failed_is_made_anew_for_the_next_translator(
    cloud: Cloud,
) -> None:
    upload(cloud, "broken", "en-fr")
    eventually(lambda: has(cloud, "detail.endpoint_failed", "en-fr"))
    mails = [m for m in mail(cloud) if m[0] == "translation-en-fr: endpoint failed"]
    assert [text for _, text in mails if "AWS says: The model does not load" in text]

    upload(cloud, "bien", "en-fr")
    eventually(lambda: serves(cloud, "bien", "en-fr"))
    eventually(lambda: has(cloud, "detail.endpoint_serves", "en-fr"))


def test_an_endpoint_that_failed_later_is_made_anew_by_its_own_file(cloud: Cloud) -> None:
    fail(cloud, "en-fr")

    upload(cloud, "bien", "en-fr")

    eventually(lambda: endpoint_status(cloud, cloud.endpoint_name("en-fr")) == "InService")
    eventually(lambda: has(cloud, "detail.endpoint_serves", "en-fr"))


def test_a_translator_that_does_not_load_leaves_the_one_before_in_service(cloud: Cloud) -> None:
    upload(cloud, "broken", "en-fr")

    eventually(lambda: has(cloud, "detail.endpoint_went_back", "en-fr"))
    assert serves(cloud, "bien", "en-fr")


def test_a_translator_waits_for_an_endpoint_that_is_being_made(
    cloud: Cloud, tmp_path: Path
) -> None:
    gate = tmp_path / "open"
    upload(cloud, f"held={gate}", "en-it")
    eventually(lambda: has(cloud, "detail.endpoint_taking_over", "en-it"))
    name = cloud.endpoint_name("en-it")
    assert endpoint_status(cloud, name) == "Creating"
    # It can be neither deleted nor changed yet, and the stack does not try.
    assert cloud.functions["RetireEndpointsFunction"].invoke({}) == []

    upload(cloud, "dopo", "en-it")
    eventually(lambda: has(cloud, "detail.endpoint_waits", "en-it"))
    gate.touch()

    eventually(lambda: serves(cloud, "dopo", "en-it"))
    eventually(lambda: has(cloud, "detail.endpoint_serves", "en-it"))


def test_endpoints_that_no_translator_of_the_stack_made_are_left_alone(cloud: Cloud) -> None:
    with endpoint(cloud, "en-xx", "pass") as name:
        for of in ("InService", "Failed"):
            fail(cloud, "en-xx", of)
            event = {"id": "an event", "detail": {"EndpointName": name}}
            assert cloud.functions["PublishResultsFunction"].invoke(event) is None
        gone = {"id": "an event", "detail": {"EndpointName": f"{name}-gone"}}
        assert cloud.functions["PublishResultsFunction"].invoke(gone) is None
        assert endpoint_status(cloud, name) == "Failed"


@pytest.mark.parametrize(
    ("key", "body", "code"),
    [
        ("translation/en-de.tsv", "x", "name.translator"),
        ("translation/de-de_train.tsv", "x", "name.translator"),
        ("translation/sub/en-de_train.tsv", "x", "name.translator"),
        ("translation/en-fr_train.csv", "source,other\na,b\n", "pairs.lacks"),
        ("translation/en-it_train.csv", "source,target\na,b\n", "pairs.few"),
        ("translation/en-es_train.csv", "", "file.empty"),
    ],
)
def test_what_cannot_work_is_refused_in_words(cloud: Cloud, key: str, body: str, code: str) -> None:
    s3 = cloud.endpoint.client("s3")
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=body.encode())

    def refused() -> bool:
        listed = s3.list_objects_v2(Bucket=cloud.bucket, Prefix="results/").get("Contents", [])
        texts = [
            s3.get_object(Bucket=cloud.bucket, Key=entry["Key"])["Body"].read().decode()
            for entry in listed
            if entry["Key"].endswith("status.json")
        ]
        return any(key in text and code in codes_in(json.loads(text)) for text in texts)

    eventually(refused)


def make_old(cloud: Cloud) -> None:
    endpoints = records(cloud)
    record = endpoints[cloud.endpoint_name(PAIR)]
    record.last_modified_time = datetime.now(UTC) - timedelta(days=31)


def fail(cloud: Cloud, pair: str, status: str = "Failed") -> None:
    endpoints = records(cloud)
    record = endpoints[cloud.endpoint_name(pair)]
    record.endpoint_status, record.failure_reason = status, "a reason"


def mail(cloud: Cloud) -> list[tuple[str, str]]:
    """Subject and text of each mail."""
    topic = cloud.resources["ResultsTopic"].physical_resource_id
    sent = sns_backends[ACCOUNT][cloud.endpoint.region].topics[topic].sent_notifications
    return [(subject, text) for _, text, subject, *_ in sent]


def put_invocations(cloud: Cloud, count: int) -> None:
    """SageMaker's own metric, which the local cloud does not keep."""
    dimensions = [
        {"Name": "EndpointName", "Value": cloud.endpoint_name(PAIR)},
        {"Name": "VariantName", "Value": "main"},
    ]
    metric = {"MetricName": "Invocations", "Dimensions": dimensions, "Value": count}
    cloud.endpoint.client("cloudwatch").put_metric_data(
        Namespace="AWS/SageMaker", MetricData=[metric]
    )


def forget_invocations(cloud: Cloud) -> None:
    from moto.cloudwatch.models import cloudwatch_backends

    cloudwatch_backends[ACCOUNT][cloud.endpoint.region].metric_data = []


def test_one_that_its_job_found_unfit_is_kept_beside(cloud: Cloud) -> None:
    """Not when its job ends, and not when its file comes again or its endpoint changes."""
    pair = "en-es"
    pointer = model_json_key(f"{TRANSLATION}{pair}")
    upload(cloud, "bueno", pair)
    eventually(lambda: serves(cloud, "bueno", pair))
    before = eventually(lambda: read_json(cloud, pointer))

    upload(cloud, "weak", pair)
    eventually(lambda: has(cloud, "detail.translator_held_back", pair))
    weak = status(cloud, pair)["job"]
    upload(cloud, "weak", pair)
    event = {"id": "again", "detail": {"EndpointName": cloud.endpoint_name(pair)}}
    cloud.functions["PublishResultsFunction"].invoke(event)
    assert has(cloud, "detail.translator_held_back", pair)
    assert serves(cloud, "bueno", pair)
    assert read_json(cloud, pointer) == before
    # It was compared with the one that serves, and so is the next one.
    upload(cloud, "mejor", pair)
    eventually(lambda: serves(cloud, "mejor", pair))
    for job in (weak, status(cloud, pair)["job"]):
        assert read_json(cloud, job_json_key(job))["model_before"] == before["model"]


def test_an_older_one_that_ends_later_does_not_take_over(cloud: Cloud) -> None:
    pair = "en-it"
    upload(cloud, "vecchio", pair)
    eventually(lambda: serves(cloud, "vecchio", pair))
    key = live_json_key(f"{TRANSLATION}{pair}")
    known = eventually(lambda: read_json(cloud, key))
    known["champion"]["uploaded"] = "2100-01-01T00:00:00+00:00"
    s3 = cloud.endpoint.client("s3")
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=json.dumps(known).encode())
    upload(cloud, "tardi", pair)
    eventually(lambda: has(cloud, "detail.translator_held_back", pair))
    assert serves(cloud, "vecchio", pair)
    assert read_json(cloud, key) == known


def read_json(cloud: Cloud, key: str) -> Any:
    s3 = cloud.endpoint.client("s3")
    try:
        return json.loads(s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None
