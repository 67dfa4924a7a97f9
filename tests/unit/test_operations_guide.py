"""What docs/operations.md says must be so, and it leaves out nothing that can happen."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import botocore.session
from samtranslator.yaml_helper import yaml_parse

from contract.layout import REPORT, REPORT_JSON
from contract.messages import message, render, usd_at_most
from pipeline import aws_errors, budget, failures
from pipeline.budget import cost_usd, instances, plan_budget
from pipeline.endpoint import CONCURRENCY
from pipeline.failures import Failure
from pipeline.results import EndedJob, ended, mail_subject, mail_text
from pipeline.settings import Settings
from pipeline.status import State
from tests.plans import plan, spec

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operations.md").read_text()
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
JOB = "titanic-8af5a78ca9f1"
BUCKET = "codefree-automl-datasetbucket-6remh4vb3z2q"
PERFORMANCE = {
    "metric": "roc_auc",
    "score": 0.8807,
    "scored_on": "out-of-fold",
    "rows": 891,
    "interval": [0.8541, 0.9032],
    "naive_score": 0.5,
    "best_model": "WeightedEnsemble_L2",
    "warnings": [
        render(message("note.id_column", columns=("PassengerId",))),
        render(message("read.texts", columns=("Name",))),
        render(message("note.not_refitted")),
    ],
}


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its own heading."""
    below = PAGE[PAGE.index(f"# {heading}\n") :]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table
    return [line.strip("|").split(" | ") for line in table[0].splitlines()[2:]]


def first_cells(heading: str) -> str:
    return "\n".join(cells[0] for cells in rows(heading))


def known_failures() -> Iterator[Failure]:
    for value in vars(failures).values():
        if isinstance(value, Failure):
            yield value
        elif isinstance(value, tuple):
            yield from (pair[1] for pair in value if isinstance(pair, tuple))


def test_every_alarm_has_its_row() -> None:
    kind = "AWS::CloudWatch::Alarm"
    alarms = {name for name, made in TEMPLATE["Resources"].items() if made["Type"] == kind}
    assert {cells[0].strip(" `") for cells in rows("A mail from an alarm")} == alarms


def test_every_failure_has_its_row_and_whose_turn_it_is() -> None:
    turns = {cells[0].strip(" `"): cells[1] for cells in rows("A dataset failed")}
    known = {failure.what.code: failure.users_turn for failure in known_failures()}
    assert len(known) > 10
    for code, users_turn in known.items():
        assert turns[code] == ("uploader" if users_turn else "operator"), code


def test_everything_that_a_dataset_waits_for_has_its_row() -> None:
    listed = first_cells("A dataset waits")
    reasons = [*aws_errors.WAITED_FOR.values(), aws_errors.SILENCE, aws_errors.waited_for("", 500)]
    known = {reason.code for reason in reasons if reason} | {"wait.budget"}
    known |= {"status.waiting_for_train", "status.waiting_to_retry"}
    assert [code for code in known if f"`{code}`" not in listed] == []


def test_every_state_of_a_dataset_is_explained() -> None:
    rule = TEMPLATE["Resources"]["TrainingJobEnded"]["Properties"]["EventPattern"]
    states = set(get_args(State))
    assert {state.lower() for state in rule["detail"]["TrainingJobStatus"]} < states
    assert [state for state in states if f"`{state}`" not in PAGE] == []


def test_every_answer_of_the_translation_api_that_is_no_translation_has_its_row() -> None:
    files = ("translate.py", "aws/engines.py", "translation/errors.py")
    code = "".join((ROOT / "functions" / file).read_text() for file in files)
    answers = TEMPLATE["Resources"]["TranslationApi"]["Properties"]["GatewayResponses"].values()
    statuses = {str(answer["StatusCode"]) for answer in answers if "StatusCode" in answer}
    statuses |= set(re.findall(r"\b[45]\d\d\b", code))
    assert {cells[0].strip()[:3] for cells in rows("Translation")} == statuses


def test_the_regions_are_those_of_the_template() -> None:
    listed = PAGE[PAGE.index("**1. Choose a region.**") : PAGE.index("Anywhere else")]
    regions = set(TEMPLATE["Mappings"]["AutoGluonImageAccounts"])
    assert set(re.findall(r"\b[a-z]{2}-[a-z]+-\d\b", listed)) == regions


def test_what_a_training_job_costs_is_what_the_code_calculates() -> None:
    (cost,) = [cells[1] for cells in rows("What it costs") if "training job" in cells[0]]
    (machine,) = [one for one in instances("us-east-1") if one.type == "ml.m5.large"]
    usual = plan_budget(Settings(), dataset_bytes=100_000, region="us-east-1")
    assert f"${machine.usd_per_hour} an hour for {usual.instance.type}" in cost
    ten_minutes = cost_usd(machine.usd_per_hour, 600, usual.volume_gb)
    assert f"ten minutes are about ${ten_minutes:.2f}" in cost
    assert f"at the very most ${usd_at_most(usual.worst_case_usd)}" in cost
    assert f"calculates with {budget.PRICES['highest_region_factor']} times those" in PAGE
    assert f"a concurrency of {CONCURRENCY} per pair" in PAGE


def test_the_mail_is_the_one_that_the_code_writes() -> None:
    given = replace(spec(plan()), job=JOB, target="Survived")
    done = EndedJob(JOB, BUCKET, "Completed", "Completed", "", billed_seconds=93)
    endings = "test_prediction.csv leaderboard.csv eval.png feature_importance.csv "
    endings += "model_performance.txt fit_summary.txt"
    folder = f"results/titanic/{JOB}/"
    keys = {
        f"{folder}{REPORT}",
        f"{folder}{REPORT_JSON}",
        done.model_key,
        *(f"{folder}titanic_{end}" for end in endings.split()),
    }
    status = ended(done, given, PERFORMANCE, keys)
    text = mail_text(status, BUCKET, status.to_text("2026-11-21T16:15:24+00:00").decode())
    assert f"```\n{text}```" in PAGE
    assert f"the subject `{mail_subject(status)}`" in PAGE
    topic = TEMPLATE["Resources"]["ResultsTopic"]["Properties"]
    assert 'from "{}"'.format(topic["DisplayName"]) in re.sub(r"\s+", " ", PAGE)


def test_every_resource_output_and_parameter_that_is_named_exists() -> None:
    known = {*TEMPLATE["Resources"], *TEMPLATE["Outputs"], *TEMPLATE["Parameters"]}
    named = {name for name in re.findall(r"[`<]([A-Z][a-z]+[A-Z]\w+?)(?: arn)?[`>]", PAGE)}
    assert {"StartTrainingLogs", "DashboardUrl", "MonthlyBudgetUsd"} <= named
    assert named - known == {
        "PowerUserAccess",
        "AdministratorAccess",
        "PendingConfirmation",
        "ExpiredToken",
    }


def test_every_right_that_the_deployer_is_given_is_one_of_iam() -> None:
    model = botocore.session.get_session().get_service_model("iam")
    given = set(re.findall(r'"iam:(\w+)"', PAGE))
    # The one right that is no call.
    assert given - set(model.operation_names) == {"PassRole"}
    assert {"CreateRole", "DeleteRole", "PutRolePolicy"} <= given


def test_every_link_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    here = re.findall(r"\]\(#([^)]+)\)", re.sub(r"\n", " ", PAGE))
    assert here and [anchor for anchor in here if anchor not in anchors] == []
    files = re.findall(r"\]\((?!http|#)([^)#]+)", PAGE)
    assert files and [file for file in files if not (ROOT / "docs" / file).exists()] == []
