//! Prints what aws-config finds out about the instance that it runs on, without
//! any configuration.
use aws_credential_types::provider::ProvideCredentials;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let keys = config.credentials_provider().unwrap().provide_credentials().await.unwrap();
    println!(
        r#"{{"accessKeyId":"{}","secretAccessKey":"{}","sessionToken":"{}","region":"{}"}}"#,
        keys.access_key_id(),
        keys.secret_access_key(),
        keys.session_token().unwrap(),
        config.region().unwrap(),
    );
}
