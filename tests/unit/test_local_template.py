from pathlib import Path

import boto3

from codefree.template import load_template, without_unsupported

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: { Runtime: python3.12, Handler: a.b, CodeUri: code/ }
Resources:
  First:
    Type: AWS::Serverless::Function
    Properties: { Layers: [!Ref Extra] }
  Second:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: other/ }
  Extra:
    Type: AWS::Serverless::LayerVersion
    Properties: { ContentUri: layer/ }
"""


def test_functions_keep_the_folders_that_the_template_gives_them(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    template = load_template(tmp_path / "template.yaml", boto3.Session(region_name="us-east-1"))
    assert template.functions["First"].task == tmp_path / "code"
    assert template.functions["First"].layers == (tmp_path / "layer",)
    assert template.functions["Second"].task == tmp_path / "other"
    assert [name for name, _ in template.resources("AWS::Lambda::Function")] == ["First", "Second"]


def test_what_moto_cannot_create_goes_with_everything_that_refers_to_it() -> None:
    kept = without_unsupported(
        {
            "Resources": {
                "Api": {"Type": "AWS::ApiGateway::RestApi"},
                "MayInvoke": {
                    "Type": "AWS::Lambda::Permission",
                    "Properties": {"SourceArn": {"Fn::Sub": "arn:${Api}/x"}},
                },
                "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "Api"}},
            },
            "Outputs": {
                "Url": {"Value": {"Fn::GetAtt": ["Api", "RootResourceId"]}},
                "Name": {"Value": {"Ref": "Bucket"}},
            },
        }
    )
    assert list(kept["Resources"]) == ["Bucket"]
    assert list(kept["Outputs"]) == ["Name"]


def test_what_depends_on_something_that_moto_cannot_create_stays_and_does_not_wait_for_it() -> None:
    kept = without_unsupported(
        {
            "Resources": {
                "CleanUp": {"Type": "Custom::CleanUp", "Properties": {"ServiceToken": "arn"}},
                "Alone": {"Type": "AWS::SQS::Queue", "DependsOn": "CleanUp"},
                "Both": {"Type": "AWS::SQS::Queue", "DependsOn": ["CleanUp", "Alone"]},
            }
        }
    )
    assert kept["Resources"] == {
        "Alone": {"Type": "AWS::SQS::Queue"},
        "Both": {"Type": "AWS::SQS::Queue", "DependsOn": ["Alone"]},
    }
