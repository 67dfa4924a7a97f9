"""The embedded AWS as clients and child processes reach it."""

import json
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from codefree.folders import own_folders

ACCOUNT = "123456789012"
REGION = "us-east-1"
STACK_NAME = "codefree-automl"
KEPT = "endpoint.json"
# A session's own would read and keep megabytes of API descriptions again, for every client.
_loader = botocore.session.Session().get_component("data_loader")
_loading = threading.Lock()


@dataclass(frozen=True)
class Endpoint:
    """One region of the embedded AWS."""

    url: str
    region: str
    access_key_id: str = "local"
    """Who it is that asks; this one may do everything."""
    secret_access_key: str = "local"
    """The embedded AWS draws another for each run."""
    session_token: str | None = None

    @property
    def port(self) -> str:
        return self.url.rpartition(":")[2]

    @property
    def credentials(self) -> dict[str, str]:
        """What the AWS CLI needs."""
        token = {"AWS_SESSION_TOKEN": self.session_token} if self.session_token else {}
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
            **token,
        }

    def keep_in(self, home: Path) -> None:
        """Let other commands of the same user find it."""
        # Only this user can read the folder.
        (home / KEPT).write_text(json.dumps(asdict(self)), "utf-8")

    @classmethod
    def kept(cls, port: int) -> "Endpoint | None":
        """The one of this user that is up on a port of this machine."""
        for folder in own_folders():
            try:
                found = cls(**json.loads((folder / KEPT).read_text("utf-8")))
            except (OSError, ValueError, TypeError):
                continue
            if found.port == str(port):
                return found
        return None

    def in_role(self, arn: str) -> "Endpoint":
        """Return the same endpoint with the permissions of a role, and no others."""
        keys = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="local")["Credentials"]
        return replace(
            self,
            access_key_id=keys["AccessKeyId"],
            secret_access_key=keys["SecretAccessKey"],
            session_token=keys["SessionToken"],
        )

    @property
    def environ(self) -> dict[str, str]:
        """What a process needs so that every AWS SDK in it finds the embedded AWS."""
        return {**self.credentials, "AWS_REGION": self.region, "AWS_ENDPOINT_URL": self.url}

    def client(self, service: str) -> Any:
        """A boto3 client; call it from one thread at a time."""
        with _loading:
            return self.session().client(
                service,  # type: ignore[call-overload]
                endpoint_url=self.url,
                # A proxy for the internet does not know this machine's loopback.
                config=Config(proxies={}),
            )

    def presigned_put(self, bucket: str, key: str, url: str) -> str:
        """An address where any client may write one object; clients reach us at `url`."""
        config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
        with _loading:
            s3 = self.session().client("s3", endpoint_url=url, config=config)
        address: str = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": key})
        return address

    def session(self) -> boto3.Session:
        session = botocore.session.Session()
        session.register_component("data_loader", _loader)
        return boto3.Session(
            self.access_key_id,
            self.secret_access_key,
            self.session_token,
            region_name=self.region,
            botocore_session=session,
        )
