"""What an endpoint of a dataset's model is, costs, is asked, and says."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import UnavailableError
from automl.plan import require_servable
from contract.endpoint_name import LONGEST_STACK_NAME
from contract.layout import job_of_version, served_version
from contract.live import Canary, Live, Version, live_from_json
from pipeline.budget import HOME_REGION
from pipeline.endpoint import Owner, config_request, endpoint_request, model_request
from pipeline.errors import RefusedError
from pipeline.guard_rails import GuardRails
from pipeline.model_endpoint import (
    MEMORY_AT_LEAST_MB,
    MEMORY_AT_MOST_MB,
    endpoint_of,
    served,
    serverless_memory_mb,
)
from pipeline.serving_costs import (
    FUNCTION_GB,
    MB_PER_GB,
    function_usd,
    serverless_usd,
    with_planned_endpoint,
)
from pipeline.status import started
from pipeline.training_job import attempt_name
from portable.archive import unpack_model
from portable.model import PortableModel, load_model
from reading.request_rows import CSV, csv_header, json_rows
from serving.endpoint_answers import asked, question
from tests.messages import raises
from tests.plans import STACK, assert_valid, plan, spec
from tests.portable_models import guessing_model
from tests.template_facts import ROOT, TEMPLATE

NOW = datetime(2026, 11, 30, tzinfo=UTC)
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)


def model(*labels: str) -> PortableModel:
    return load_model(unpack_model(guessing_model("a", "b c", labels=labels or ("0", "1"))))


class Said:
    """An endpoint that gives this answer, and remembers what it was asked."""

    def __init__(self, answer: str) -> None:
        self.answer, self.asked = answer, ("", "")

    def ask(self, body: str, kind: str) -> str:
        self.asked = body, kind
        return self.answer


@given(st.integers(0, 2**40), st.integers(0, 2**30))
def test_memory_is_what_sagemaker_offers_and_never_less_for_a_larger_model(
    packed: int, more: int
) -> None:
    memory, larger = serverless_memory_mb(packed), serverless_memory_mb(packed + more)
    if memory is None:
        assert larger is None
        return
    assert MEMORY_AT_LEAST_MB <= memory <= MEMORY_AT_MOST_MB
    assert memory % MB_PER_GB == 0
    assert packed * 12 < memory * 2**20
    assert larger is None or larger >= memory


def test_names_fit_whatever_the_stack_and_the_dataset_are_called() -> None:
    prefix, longest = "s" * LONGEST_STACK_NAME, f"{'d' * 40}-{'0' * 12}"
    assert NAME.fullmatch(endpoint_of(prefix, longest))
    version = served_version(attempt_name(longest, 99))
    assert NAME.fullmatch(version)
    assert job_of_version(version) == attempt_name(longest, 99)


def test_the_requests_are_ones_that_sagemaker_takes() -> None:
    owner = Owner("mine", "arn:aws:iam::123456789012:role/mine", GuardRails())
    wanted = served("mine", spec(plan()), MEMORY_AT_LEAST_MB)
    assert_valid(model_request("bucket", wanted, owner), "CreateModel")
    assert_valid(config_request(wanted, owner), "CreateEndpointConfig")
    assert_valid(endpoint_request(wanted, owner), "CreateEndpoint")
    assert wanted.image_uri == STACK.image_uri


def test_the_costs_are_said_before_anything_is_made() -> None:
    chosen = spec(plan(settings='{"serve": "serverless"}'))
    status = with_planned_endpoint(started(chosen), chosen, HOME_REGION)
    said = status.to_text("now").decode()
    assert f"about ${serverless_usd(MEMORY_AT_LEAST_MB, HOME_REGION):.2g}, at 3 GB" in said
    assert f"about ${function_usd(HOME_REGION):.2g}" in said
    free = replace(chosen, free_of_charge=True)
    assert "$" not in with_planned_endpoint(started(free), free, HOME_REGION).details[-1].values
    plain = spec(plan())
    assert with_planned_endpoint(started(plain), plain, HOME_REGION) == started(plain)


@given(st.sampled_from(range(3, 7)))
def test_no_endpoint_is_cheaper_than_the_function(gb: int) -> None:
    """As the costs page and STATUS.txt say."""
    assert serverless_usd(gb * MB_PER_GB, HOME_REGION) > function_usd(HOME_REGION) > 0
    assert serverless_usd(gb * MB_PER_GB, "eu-west-1") > serverless_usd(gb * MB_PER_GB, HOME_REGION)


def test_the_costs_page_has_these_prices() -> None:
    for name in ("costs.md", "costs.ko.md", "costs.zh-TW.md"):
        page = (ROOT / "docs" / name).read_text("utf-8")
        assert f"| ${function_usd(HOME_REGION):.2g} |" in page
        for gb in (3, 6):
            assert f"| ${serverless_usd(gb * MB_PER_GB, HOME_REGION):.2g} |" in page


def test_the_function_has_the_memory_that_its_price_assumes() -> None:
    function = TEMPLATE["Resources"]["PredictFunction"]["Properties"]
    assert function["MemorySize"] == FUNCTION_GB * MB_PER_GB


def test_what_could_not_be_served_is_refused_before_it_is_trained() -> None:
    chosen = replace(STACK.defaults, serve="serverless")
    subnets = replace(STACK, guard_rails=GuardRails(subnets=("subnet-0a1b2c3d",)))
    with raises(RefusedError, "settings.serverless_in_subnets"):
        require_servable(chosen, subnets)
    quantiles = replace(chosen, problem_type="quantile")
    with raises(RefusedError, "settings.serve_quantile", serve="serverless"):
        require_servable(quantiles, STACK)
    require_servable(chosen, STACK)
    require_servable(replace(quantiles, serve="function"), subnets)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5), st.booleans())
def test_an_endpoint_reads_the_cells_that_the_function_has_read(
    rows: list[tuple[str, str]], points: bool
) -> None:
    given = {"a": [a for a, _ in rows], "b c": [b for _, b in rows]}
    body, kind = question(given, ("a", "b c"), points)
    if kind == CSV:
        header = csv_header(body, ("a", "b c"), ",")
        assert header.delimiter == ","
        read = list(csv.reader(io.StringIO(body, newline="")))[1:]
        assert [tuple(row) for row in read] == rows
    else:
        assert json_rows(body, kind, ("a", "b c")).by_column(("a", "b c")) == given


def test_labels_and_probabilities_are_those_of_the_model_however_they_are_written() -> None:
    said = Said("prediction,probability_true,probability_false\ntrue,0.75,0.25\n")
    answers = asked(said, model("False", "True"), {"a": ["x"], "b c": [None]}, points=False)
    assert answers.predictions == ["True"]
    assert answers.probabilities.tolist() == [[0.25, 0.75]]
    assert json.loads(said.asked[0]) == {"a": ["x"], "b c": [None]}


def test_numbers_have_the_digits_of_the_predictions_file() -> None:
    number = replace(model(), labels=(), problem="number")
    said = Said("prediction\n0.1\n12345678.5\n")
    answers = asked(said, number, {"a": ["x", "y"], "b c": ["", ""]}, points=True)
    assert answers.predictions.tolist() == [np.float32(0.1), np.float32(12345678.5)]  # type: ignore[union-attr]
    assert str(answers.predictions[0]) == "0.1"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "prediction,probability_0,probability_1\n",
        "prediction,probability_0,probability_1\nmaybe,0.5,0.5\n",
        "prediction,probability_0\n0,0.5\n",
        "prediction,probability_0,probability_1\n0,0.5\n",
        "prediction,probability_0,probability_1\n0,x,y\n",
        "<html>",
    ],
)
def test_an_answer_of_another_model_is_none(answer: str) -> None:
    with pytest.raises(UnavailableError):
        asked(Said(answer), model(), {"a": ["x"], "b c": ["y"]}, points=False)


def test_none_turns_answers_off_until_the_settings_or_a_command_turn_them_on() -> None:
    canary = Canary(50, 10)
    first, second, third = (
        Version(job, "y", f"2026-01-0{n}", serve=serve)
        for n, (job, serve) in enumerate((("a", "function"), ("b", "none"), ("c", "function")), 1)
    )
    off = Live().published(first, canary, None, NOW).published(second, canary, None, NOW)
    assert (off.on, off.off_by_settings, off.answering(NOW)) == (False, True, ())
    assert off.published(second, canary, None, NOW) == off
    again = off.published(third, canary, None, NOW)
    assert again.answering(NOW) == (third,)
    assert off.deployed(first, NOW).answering(NOW) == (first,)
    # A command that has turned them off is not overruled by settings.
    undeployed = again.undeployed(NOW)
    assert not undeployed.off_by_settings
    later = replace(third, job="d", uploaded="2026-01-04")
    assert undeployed.published(later, canary, None, NOW).answering(NOW) == ()
    for live in (off, again, undeployed):
        assert live_from_json(live.to_json()) == live
