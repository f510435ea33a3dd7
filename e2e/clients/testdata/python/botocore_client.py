"""Credentials and region as botocore finds them, without any configuration."""
import json

from botocore.session import Session
from botocore.utils import InstanceMetadataRegionFetcher

keys = Session().get_credentials().get_frozen_credentials()
print(json.dumps({
    "accessKeyId": keys.access_key,
    "secretAccessKey": keys.secret_key,
    "sessionToken": keys.token,
    "region": InstanceMetadataRegionFetcher().retrieve_region(),
}))
