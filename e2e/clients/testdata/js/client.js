// Prints what the AWS SDK for JavaScript v3 finds out about the instance that it
// runs on, without any configuration.
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import { MetadataService } from "@aws-sdk/ec2-metadata-service";

const keys = await fromNodeProviderChain()();
const metadata = new MetadataService();
const identity = JSON.parse(await metadata.request("/latest/dynamic/instance-identity/document", {}));
console.log(JSON.stringify({
  accessKeyId: keys.accessKeyId,
  secretAccessKey: keys.secretAccessKey,
  sessionToken: keys.sessionToken,
  region: await metadata.request("/latest/meta-data/placement/region", {}),
  accountId: identity.accountId,
  instanceId: identity.instanceId,
}));
