import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.imds.Ec2MetadataClient;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;

/** Prints what the AWS SDK for Java v2 finds out about its instance, without any configuration. */
public final class Client {
  public static void main(String[] args) {
    var keys = (AwsSessionCredentials) DefaultCredentialsProvider.create().resolveCredentials();
    try (var metadata = Ec2MetadataClient.create()) {
      var identity = metadata.get("/latest/dynamic/instance-identity/document").asDocument().asMap();
      System.out.printf(
          "{\"accessKeyId\":\"%s\",\"secretAccessKey\":\"%s\",\"sessionToken\":\"%s\",\"region\":\"%s\",\"accountId\":\"%s\",\"instanceId\":\"%s\"}%n",
          keys.accessKeyId(), keys.secretAccessKey(), keys.sessionToken(),
          new DefaultAwsRegionProviderChain().getRegion(),
          identity.get("accountId").asString(), identity.get("instanceId").asString());
    }
  }
}
