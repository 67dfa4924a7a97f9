"""Upload the file that a translator is trained from, and ask the translator."""

from codefree.cloud import Cloud
from tests.http import post

PAIR = "en-de"


def upload(cloud: Cloud, word: str, pair: str = PAIR) -> None:
    """A file of 200 pairs; the stub's translator answers everything with the first target."""
    lines = ["source\ttarget", *(f"text {n}\t{word} {n}" for n in range(200))]
    cloud.endpoint.client("s3").put_object(
        Bucket=cloud.bucket,
        Key=f"translation/{pair}_train.tsv",
        Body="\n".join(lines).encode(),
    )


def answers(cloud: Cloud, word: str) -> bool:
    answer = post(cloud, {"text": "anything"})
    return answer.status == 200 and answer.json["translations"][0]["translation"] == f"{word} 0"
