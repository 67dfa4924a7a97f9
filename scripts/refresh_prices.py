"""Refresh functions/pipeline/prices.json from AWS's public price list (no credentials needed).

    python scripts/refresh_prices.py us-east-1 ap-northeast-2

Fetches the AmazonSageMaker offer of each region and replaces its prices; other regions stay.
"""

import csv
import datetime
import io
import json
import sys
import urllib.request
from pathlib import Path

PRICES = Path(__file__).parent.parent / "functions/pipeline/prices.json"
OFFER = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/{region}/index.csv"
# The file begins with five lines about itself.
LINES_ABOVE_HEADER = 5


def training_prices(offer: str, types: set[str]) -> dict[str, float]:
    """Instance type → US dollars per hour of on-demand training, of the types we know."""
    table = csv.DictReader(io.StringIO(offer.split("\n", LINES_ABOVE_HEADER)[LINES_ABOVE_HEADER]))
    found = {}
    for row in table:
        usage, price = row["usageType"], float(row["PricePerUnit"] or 0)
        # Such as `APN2-Train:ml.m5.large`; the instance column is often empty.
        kind, _, instance_type = usage.rpartition(":")
        if kind.split("-")[-1] == "Train" and row["TermType"] == "OnDemand" and price:
            found[instance_type] = price
    return {name: found[name] for name in sorted(types & found.keys())}


def main(regions: list[str]) -> None:
    prices = json.loads(PRICES.read_text())
    for region in regions:
        print(f"Fetching the prices of {region} …", flush=True)
        with urllib.request.urlopen(OFFER.format(region=region), timeout=300) as answer:
            found = training_prices(answer.read().decode(), set(prices["memory_gib"]))
        if not found:
            sys.exit(f"The price list of {region} has no training prices; nothing was changed.")
        prices["usd_per_hour"][region] = found
        prices["dates"][region] = datetime.date.today().isoformat()
    PRICES.write_text(json.dumps(prices, indent=2) + "\n")
    print(f"Wrote {PRICES}.")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
