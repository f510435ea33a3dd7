"""Drives an AWS API with boto3, one call a line: it reads JSON objects with the
service, the call and its arguments, and answers each with a line of JSON."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

clients = {}


def client(ask):
    key = json.dumps([ask["endpoint"], ask["service"], ask["keys"]])
    if key not in clients:
        access, secret, token = ask["keys"]
        clients[key] = boto3.client(
            ask["service"], endpoint_url=ask["endpoint"], region_name="us-east-1",
            aws_access_key_id=access, aws_secret_access_key=secret, aws_session_token=token or None,
            config=Config(retries={"total_max_attempts": 1}),
        )
    return clients[key]


for line in sys.stdin:
    ask = json.loads(line)
    try:
        answer = {"result": getattr(client(ask), ask["call"])(**ask["args"])}
    except ClientError as e:
        answer = {"error": str(e)}
    print(json.dumps(answer, default=str), flush=True)
