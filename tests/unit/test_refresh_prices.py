from scripts.refresh_prices import training_prices

OFFER = """"FormatVersion","v1.0"
"Disclaimer","This pricing list is for informational purposes only."
"Publication Date","2026-09-24T00:00:00Z"
"Version","20260924000000"
"OfferCode","AmazonSageMaker"
"SKU","TermType","PricePerUnit","Currency","usageType","Instance Type"
"1","OnDemand","0.1150000000","USD","USE1-Train:ml.m5.large",""
"2","OnDemand","0.1150000000","USD","USE1-Host:ml.m5.large","ml.m5.large"
"3","OnDemand","0.0400000000","USD","USE1-TrSpt:ml.m5.large",""
"4","Reserved","0.0900000000","USD","USE1-Train:ml.m5.large",""
"5","OnDemand","0.2300000000","USD","Train:ml.m5.xlarge",""
"6","OnDemand","9.9000000000","USD","USE1-Train:ml.zz.huge",""
"7","OnDemand","","USD","USE1-Train:ml.c5.xlarge",""
"""


def test_only_on_demand_training_prices_of_known_machines_are_taken() -> None:
    types = {"ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge"}
    assert training_prices(OFFER, types) == {"ml.m5.large": 0.115, "ml.m5.xlarge": 0.23}
