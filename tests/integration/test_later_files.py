"""Files that come after the model: other test files, and other train files."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from codefree.cloud import Cloud
from contract.messages import message, render
from tests.conftest import eventually
from tests.messages import codes_in
from tests.uploads import TEST, TRAIN, drop, ended, jobs, keys, status, text, uploaded_event

OTHER_TEST = b"\n".join(TEST.splitlines()[:50]) + b"\n"
LABELLED = b"\n".join(TRAIN.splitlines()[:60]) + b"\n"
OTHER_TRAIN = b"\n".join(TRAIN.splitlines()[:200]) + b"\n"


def drop_train_alone(cloud: Cloud, name: str) -> dict[str, Any]:
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    return published(cloud, name, "")


def published(cloud: Cloud, name: str, after: str) -> dict[str, Any]:
    """The dataset's status as soon as another job than `after` is reported to be over."""

    def look() -> dict[str, Any] | None:
        found = ended(cloud, name)
        own = f"results/{name}/{found['job']}/status.json"
        return found if found["job"] != after and own in keys(cloud, own) else None

    return eventually(look)


def kinds(cloud: Cloud, name: str) -> list[str]:
    """Of all jobs of the dataset."""
    specs = [text(cloud, f"jobs/{job}/job.json") for job in jobs(cloud, name.replace(" ", "-"))]
    return sorted(json.loads(spec)["kind"] for spec in specs)


def model_of(cloud: Cloud, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text(cloud, f"results/{name}/model.json"))
    return found


def test_a_test_file_that_comes_late_is_predicted_by_the_model_that_exists(
    cloud: Cloud, name: str
) -> None:
    model = drop_train_alone(cloud, name)
    drop(cloud, f"data/{name}_test.csv", TEST)
    found = published(cloud, name, model["job"])
    assert (found["state"], found["model"]) == ("completed", model["model"])
    assert found["code"].startswith("status.predictions_ready")
    assert f"{name}_test.csv" in found["headline"]
    predictions = text(cloud, found["files"]["predictions"]).splitlines()
    assert len(predictions) == len(TEST.splitlines())
    assert kinds(cloud, name) == ["model", "predictions"]
    assert found["cost"]["usd"] > 0
    assert model_of(cloud, name)["job"] == model["job"]


def test_a_late_test_file_that_is_told_ten_times_at_once_is_predicted_once(
    cloud: Cloud, name: str
) -> None:
    model = drop_train_alone(cloud, name)
    drop(cloud, f"data/{name}_test.csv", TEST)
    event = uploaded_event(cloud, f"data/{name}_test.csv")
    function = cloud.functions["StartTrainingFunction"]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(function.invoke, [event] * 10))
    assert answers == [{"batchItemFailures": []}] * 10
    published(cloud, name, model["job"])
    assert kinds(cloud, name) == ["model", "predictions"]


def test_a_replaced_test_file_is_predicted_and_the_first_one_again_is_not(
    cloud: Cloud, name: str
) -> None:
    drop(cloud, f"data/{name}_test.csv", TEST)
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    first = published(cloud, name, "")
    drop(cloud, f"data/{name}_test.csv", OTHER_TEST)
    second = published(cloud, name, first["job"])
    assert len(text(cloud, second["files"]["predictions"]).splitlines()) == 50
    drop(cloud, f"data/{name}_test.csv", TEST)
    again = published(cloud, name, second["job"])
    assert again["job"] == first["job"]
    drop(cloud, f"data/{name}_test.csv", TEST)
    noted = eventually(lambda: _noted(cloud, name, "note.same_test"))
    assert noted["job"] == first["job"]
    assert kinds(cloud, name) == ["model", "predictions"]


def _noted(cloud: Cloud, name: str, code: str) -> dict[str, Any] | None:
    found = ended(cloud, name)
    return found if code in codes_in(found) else None


def test_a_test_file_that_comes_while_its_model_is_trained_waits_for_it(cloud: Cloud) -> None:
    name = "sleeps until stopped"
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    running = status(cloud, f"results/{name}/", {"training"})
    drop(cloud, f"data/{name}_test.csv", TEST)
    event = uploaded_event(cloud, f"data/{name}_test.csv")
    function = cloud.functions["StartTrainingFunction"]
    answer = function.invoke(event)
    assert len(answer["batchItemFailures"]) == 1
    shown = status(cloud, f"results/{name}/", {"training"})
    assert shown["job"] == running["job"]
    assert "note.later_test" in codes_in(shown)
    assert kinds(cloud, name) == ["model"]
    cloud.endpoint.client("sagemaker").stop_training_job(TrainingJobName=running["job"])
    assert published(cloud, name, "")["state"] == "stopped"
    # There will be no model: the two files are trained together.
    assert function.invoke(event) == {"batchItemFailures": []}
    shown = status(cloud, f"results/{name}/", {"training"})
    assert shown["job"] == f"{running['job']}-a2"
    cloud.endpoint.client("sagemaker").stop_training_job(TrainingJobName=shown["job"])
    published(cloud, name, running["job"])


def test_a_model_that_was_deleted_cannot_predict_a_late_test_file(cloud: Cloud, name: str) -> None:
    model = drop_train_alone(cloud, name)
    cloud.endpoint.client("s3").delete_object(Bucket=cloud.bucket, Key=model["model"])
    drop(cloud, f"data/{name}_test.csv", TEST)
    shown = eventually(lambda: _noted(cloud, name, "data.model_gone"))
    assert shown["job"] == model["job"]
    assert kinds(cloud, name) == ["model"]


def test_a_replaced_train_file_is_trained_and_compared_with_the_model_before(
    cloud: Cloud, name: str
) -> None:
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_test.csv", LABELLED)
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    first = published(cloud, name, "")
    drop(cloud, f"data/{name}_train.csv", OTHER_TRAIN)
    second = published(cloud, name, first["job"])
    assert second["state"] == "completed" and second["model"] != first["model"]
    described = cloud.endpoint.client("sagemaker").describe_training_job(
        TrainingJobName=second["job"]
    )
    assert "champion" in {channel["ChannelName"] for channel in described["InputDataConfig"]}
    kept = message("detail.model_before_kept", model=first["model"])
    assert render(kept) in second["details"]
    assert first["model"] in keys(cloud)
    assert model_of(cloud, name)["model"] == second["model"]
    assert kinds(cloud, name) == ["model", "model"]


def test_the_model_before_stays_when_a_replaced_train_file_fails(cloud: Cloud, name: str) -> None:
    first = drop_train_alone(cloud, name)
    drop(cloud, f"data/{name}_train.csv", TRAIN.replace(b"Torgersen", b"broken"))
    second = published(cloud, name, first["job"])
    assert second["state"] == "failed"
    stays = message("detail.model_before_stays", model=first["model"])
    assert render(stays) in second["details"]
    assert model_of(cloud, name)["model"] == first["model"]


def test_two_models_are_not_compared_where_no_test_file_tells_the_target(
    cloud: Cloud, name: str
) -> None:
    first = drop_train_alone(cloud, name)
    drop(cloud, f"data/{name}_train.csv", OTHER_TRAIN)
    second = published(cloud, name, first["job"])
    assert "detail.model_before_not_compared" in codes_in(second)
