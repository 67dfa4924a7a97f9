"""The translation API through the local cloud: one client against sixteen, in one run.

.venv/bin/python benchmarks/translation_api.py
"""

import itertools
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import urllib3
from rich.console import Console
from rich.table import Table

from codefree import default_translator
from codefree.api_gateway import ApiServer
from codefree.cloud import Settings, open_cloud

ROOT = Path(__file__).resolve().parents[1]
EVALUATION = ROOT / "translator" / "en-de" / "evaluation" / "tatoeba_eval300.tsv"
SECONDS = 15.0
PARAMETERS = {
    "TranslationFallback": "none",
    "ApiRequestsPerSecond": "10000",
    "ApiBurst": "5000",
}


def main() -> None:
    sentences = [line.split("\t")[0] for line in EVALUATION.read_text("utf-8").splitlines()[1:]]
    table = Table("clients", "requests", "errors", "requests/s", "p50 ms", "p99 ms")
    print("Starting the local cloud …")
    with open_cloud(Settings(parameters=PARAMETERS, tell=lambda line: None)) as cloud:
        default_translator.deploy(cloud)
        assert cloud.api is not None
        for clients in (1, 16):
            load(cloud.api, sentences, clients, seconds=5.0)
            times, errors, seconds = load(cloud.api, sentences, clients, SECONDS)
            cuts = statistics.quantiles(times, n=100)
            table.add_row(
                str(clients),
                str(len(times)),
                str(errors),
                f"{len(times) / seconds:.0f}",
                f"{cuts[49]:.0f}",
                f"{cuts[98]:.0f}",
            )
    Console().print(table)


def load(
    api: ApiServer, sentences: list[str], clients: int, seconds: float
) -> tuple[list[float], int, float]:
    """Milliseconds of every request, how many were no 200, and how long it took."""
    pool = urllib3.PoolManager(maxsize=clients, retries=False)
    began = time.perf_counter()
    endless = itertools.cycle(sentences)

    def client(number: int) -> list[tuple[float, bool]]:
        done = []
        while time.perf_counter() - began < seconds:
            start = time.perf_counter()
            answer = pool.request(
                "POST",
                f"{api.url}translate",
                body=json.dumps({"text": next(endless)}),
                headers={"X-Api-Key": api.key},
            )
            done.append(((time.perf_counter() - start) * 1000, answer.status == 200))
        return done

    with ThreadPoolExecutor(clients) as executor:
        done = list(itertools.chain.from_iterable(executor.map(client, range(clients))))
    return (
        [taken for taken, _ in done],
        sum(not right for _, right in done),
        time.perf_counter() - began,
    )


if __name__ == "__main__":
    main()
