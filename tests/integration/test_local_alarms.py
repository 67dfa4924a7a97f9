"""A new model that breaks is stopped by the embedded AWS as by the real one: by its alarm."""

import json
from collections import Counter
from datetime import UTC, datetime

from codefree.cloud import Settings
from contract.layout import PORTABLE_MODEL, live_json_key, results_folder
from contract.live import Canary, Challenger, Live, Version, live_from_json
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING, eventually
from tests.http import ask
from tests.live_models import PATIENT_API
from tests.portable_models import guessing_model

NAME = "toys"
FIRST, SECOND = (Version(f"{NAME}-{n}", "Survived", f"2026-01-0{n}") for n in (1, 2))


def test_a_new_model_that_breaks_is_stopped_without_a_failed_request() -> None:
    settings = Settings(parameters=PATIENT_API, training_source=STUB_TRAINING, tell=lambda _: None)
    now, trial = datetime.now(UTC), Canary(share=50, minutes=1000)
    live = Live().published(FIRST, trial, None, now).published(SECOND, trial, None, now)
    with own_cloud(settings) as cloud:
        s3 = cloud.endpoint.client("s3")
        objects = {
            results_folder(NAME, FIRST.job) + PORTABLE_MODEL: guessing_model("Sex"),
            results_folder(NAME, SECOND.job) + PORTABLE_MODEL: guessing_model("Sex", broken=True),
            live_json_key(NAME): live.to_json(),
        }
        for key, content in objects.items():
            s3.put_object(Bucket=cloud.bucket, Key=key, Body=content)
        asked: Counter[str] = Counter()

        def challenger() -> Challenger:
            content = s3.get_object(Bucket=cloud.bucket, Key=live_json_key(NAME))["Body"].read()
            found = live_from_json(content).challenger
            assert found
            return found

        # More failures would end the trial without an alarm.
        while not challenger().failures:
            body = json.dumps({"Sex": "male", "Number": asked.total()}).encode()
            answer = ask(cloud, f"predict/{NAME}", body)
            asked[answer.json["job"] if answer.status == 200 else answer.text] += 1
        assert eventually(lambda: challenger().share == 0)
        assert set(asked) == {FIRST.job}
        history = live_from_json(
            s3.get_object(Bucket=cloud.bucket, Key=live_json_key(NAME))["Body"].read()
        ).history
        assert [one.who for one in history if one.what == "stopped"] == ["alarm"]
