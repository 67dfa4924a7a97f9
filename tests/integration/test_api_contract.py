"""What openapi.json promises, tried with generated requests against the local API."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from codefree.api_gateway import DATASETS_KEY, PREDICTION_KEY, TRANSLATION_KEY
from codefree.cloud import Cloud
from tests.endpoints import endpoint
from tests.http import get
from tests.portable_models import put_model

PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@pytest.fixture(scope="module")
def echoing(cloud: Cloud) -> Iterator[Cloud]:
    """English to German answers what it is asked, and one dataset has a model."""
    put_model(cloud.endpoint.client("s3"), cloud.bucket, "titanic", "Sex", "Age")
    with endpoint(cloud, "en-de", "pass"):
        yield cloud


@pytest.fixture
def api_schema(echoing: Cloud) -> Any:
    assert echoing.api is not None
    schema = schemathesis.openapi.from_url(f"{echoing.api.url}openapi.json")
    schema.config.update(base_url=echoing.api.url)
    # Too many sentences break the description too, and are answered with 413.
    schema.config.checks.negative_data_rejection.expected_statuses = [
        "400",
        "403",
        "404",
        "409",
        "413",
    ]
    # The stack has pairs whose endpoints other tests put up: without one, 503 is what is promised.
    schema.config.checks.not_a_server_error.expected_statuses = ["2xx", "3xx", "4xx", "503"]
    return schema


# Names that begin so are replaced by that of a dataset with a model.
FIRST_HALF = tuple(map(chr, range(0x4F)))
# What is neither has the key for datasets.
KEYS = dict.fromkeys(("/predict/{dataset}", "/datasets", "/datasets/{dataset}"), PREDICTION_KEY)
POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        ("POST", "/translate", POSITIVE),
        ("POST", "/translate", NEGATIVE),
        ("POST", "/libretranslate/translate", POSITIVE),
        ("POST", "/libretranslate/translate", NEGATIVE),
        ("GET", "/libretranslate/languages", POSITIVE),
        ("POST", "/v2/translate", POSITIVE),
        ("POST", "/v2/translate", NEGATIVE),
        ("GET", "/v2/languages", POSITIVE),
        # A GET without parameters cannot be asked wrongly.
        ("GET", "/languages", POSITIVE),
        ("POST", "/predict/{dataset}", POSITIVE),
        ("POST", "/predict/{dataset}", NEGATIVE),
        ("GET", "/datasets", POSITIVE),
        ("GET", "/datasets/{dataset}", POSITIVE),
        ("GET", "/statuses", POSITIVE),
        ("GET", "/datasets/{dataset}/files", POSITIVE),
        ("POST", "/datasets/{dataset}/uploads", POSITIVE),
        ("POST", "/datasets/{dataset}/uploads", NEGATIVE),
        ("GET", "/costs", POSITIVE),
        ("GET", "/openapi.json", POSITIVE),
        ("GET", "/", POSITIVE),
    ],
)
def test_every_answer_is_one_that_the_description_promises(
    api_schema: Any, cloud: Cloud, method: str, path: str, mode: GenerationMode
) -> None:
    """Positive requests follow the description, negative ones break it somewhere."""
    assert cloud.api is not None
    of_translation = path.endswith("/translate") or path.startswith("/v2")
    key = TRANSLATION_KEY if of_translation else KEYS.get(path, DATASETS_KEY)
    headers = {"X-Api-Key": cloud.api.keys[key]}
    operation = api_schema[path][method]

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        if case.path_parameters and case.path_parameters["dataset"].startswith(FIRST_HALF):
            case.path_parameters["dataset"] = "titanic"
        case.call_and_validate(headers=headers, checks=PROMISES)

    ask()


def test_every_route_is_described(cloud: Cloud) -> None:
    assert cloud.api is not None
    served = {(method, path) for method, path in cloud.api.routes if method != "OPTIONS"}
    described = {
        (method.upper(), path)
        for path, methods in get(cloud, "openapi.json").json["paths"].items()
        for method in methods
    }

    assert served - described == {("GET", "/page/{file}")}
    assert described <= served
