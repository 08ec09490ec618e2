//! Data keys of AWS KMS. Credentials come from where those of a bucket do.

#[cfg(feature = "s3")]
pub(super) use wire::{key, new_key};

/// This build cannot sign.
#[cfg(not(feature = "s3"))]
const ABSENT: &str = "This build of podform has no backend \"s3\", and so no AWS KMS.";

#[cfg(not(feature = "s3"))]
pub(super) async fn new_key(_: &crate::config::Arguments) -> Result<(Vec<u8>, Vec<u8>), String> {
    Err(ABSENT.to_owned())
}

#[cfg(not(feature = "s3"))]
pub(super) async fn key(_: &crate::config::Arguments, _: &[u8]) -> Result<Vec<u8>, String> {
    Err(ABSENT.to_owned())
}

#[cfg(feature = "s3")]
mod wire {
    use super::super::unanswered::unanswered;
    use crate::config::Arguments;
    use crate::http::{Endpoint, Login, Method, Options, Request, Signing, Sts, Transport, credentials_context};
    use crate::lang::hex;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use reqsign_aws_v4::{
        AssumeRoleWithWebIdentityCredentialProvider, DefaultCredentialProvider, ProfileCredentialProvider,
        RequestSigner, StaticCredentialProvider,
    };
    use reqsign_core::ProvideCredentialChain;
    use secrecy::SecretString;
    use serde::{Deserialize, Serialize};
    use serde_json::{Value as Json, json};
    use sha2::{Digest, Sha256};
    use std::env;

    /// In bytes: keys and words are small.
    const MOST: usize = 1 << 20;
    /// Of what it says of a failure, in letters.
    const WORDS: usize = 500;

    /// What stands beside what is encrypted.
    #[derive(Serialize, Deserialize)]
    struct Notes {
        ciphertext_blob: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encryption_context: Option<Json>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        plaintext: String,
        #[serde(default)]
        ciphertext_blob: String,
    }

    /// A new key, and its notes.
    ///
    /// # Errors
    /// Why there is none: whole sentences.
    pub async fn new_key(declared: &Arguments) -> Result<(Vec<u8>, Vec<u8>), String> {
        let body = json!({ "KeyId": declared.text("kms_key_id"), "KeySpec": declared.text("key_spec") });
        let answer = call(declared, "GenerateDataKey", body).await?;
        let notes = Notes { ciphertext_blob: answer.ciphertext_blob, encryption_context: None };
        Ok((plain(&answer.plaintext)?, serde_json::to_vec(&notes).expect("notes are texts")))
    }

    /// The key of these notes.
    ///
    /// # Errors
    /// As [`new_key`]; the notes are none.
    pub async fn key(declared: &Arguments, notes: &[u8]) -> Result<Vec<u8>, String> {
        let notes: Notes =
            serde_json::from_slice(notes).map_err(|_| "Its notes on the key are not understood.".to_owned())?;
        let mut body = json!({ "KeyId": declared.text("kms_key_id"), "CiphertextBlob": notes.ciphertext_blob });
        if let Some(context) = notes.encryption_context {
            body["EncryptionContext"] = context;
        }
        plain(&call(declared, "Decrypt", body).await?.plaintext)
    }

    fn plain(text: &str) -> Result<Vec<u8>, String> {
        let key = STANDARD.decode(text).ok().filter(|key| !key.is_empty());
        key.ok_or_else(|| "The key that AWS KMS answers is no base64.".to_owned())
    }

    async fn call(declared: &Arguments, verb: &str, body: Json) -> Result<Answer, String> {
        let region = declared.text("region").map(str::to_owned);
        let region = region.or_else(|| of_environment(&["AWS_REGION", "AWS_DEFAULT_REGION"]));
        let region = region.ok_or("Nothing says in which region the key is: give region, or AWS_REGION.")?;
        let address = declared.text("endpoint").map(str::to_owned);
        let address = address.or_else(|| of_environment(&["AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"]));
        let address = address.unwrap_or_else(|| format!("https://kms.{region}.amazonaws.com"));
        let wrong = |why: String| format!("The endpoint of AWS KMS cannot be used: {why}.");
        let endpoint = Endpoint::of_place(&address).map_err(|error| wrong(error.to_string()))?;
        if endpoint.is_clear_and_far() {
            return Err(wrong(format!("http would send the key to {} unencrypted", endpoint.host())));
        }
        let sts = of_environment(&["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]);
        let sts = Sts::at(sts.as_deref()).map_err(|why| format!("AWS KMS cannot be asked: {why}."))?;
        let mut chain = ProvideCredentialChain::new();
        match (declared.text("access_key"), declared.text("secret_key")) {
            (Some(id), Some(secret)) => {
                let keys = StaticCredentialProvider::new(id, secret);
                chain = chain.push(match declared.text("token") {
                    Some(token) => keys.with_session_token(token),
                    None => keys,
                });
            }
            _ => {
                let of_ci = AssumeRoleWithWebIdentityCredentialProvider::new().with_region(region.clone());
                let mut usual = DefaultCredentialProvider::builder().profile(ProfileCredentialProvider::new());
                usual = usual.web_identity(of_ci.with_regional_sts_endpoint());
                if let Some(name) = declared.text("profile") {
                    // Who names a profile does not mean the keys of the environment.
                    usual = usual.with_profile(name).no_env();
                }
                chain = chain.push(usual.build());
            }
        }
        let signing = Signing::new(sts.context(credentials_context(&[])), chain, RequestSigner::new("kms", &region));
        let body = body.to_string().into_bytes();
        let headers = vec![
            ("x-amz-target".to_owned(), format!("TrentService.{verb}")),
            ("x-amz-content-sha256".to_owned(), hex(&Sha256::digest(&body))),
        ];
        let body = Some(("application/x-amz-json-1.1", body));
        let request = Request { method: Method::Post, path: "/".to_owned(), headers, body, ..Request::default() };
        let failed = |why: String| format!("{verb} at {}: {why}.", endpoint.as_str());
        let request = signing.sign(&endpoint, request).await.map_err(failed)?;
        let options = Options { login: Login::Own, max_body: MOST, ..Options::default() };
        let transport = Transport::new(endpoint.clone(), &SecretString::from(""), options);
        let transport = transport.map_err(|error| wrong(error.to_string()))?;
        let answer = transport.send(request).await.map_err(|failure| failed(unanswered(&failure)))?;
        if !answer.is_success() {
            let words: String =
                String::from_utf8_lossy(&answer.body).chars().filter(|c| !c.is_control()).take(WORDS).collect();
            return Err(failed(format!("{} {words}", answer.status).trim_end().to_owned()));
        }
        serde_json::from_slice(&answer.body).map_err(|_| failed("its answer is no key".to_owned()))
    }

    fn of_environment(names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| env::var(name).ok().filter(|text| !text.is_empty()))
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::config::{Argument, BackendValue, Secrecy, Sort};
        use crate::http::scripted::{Server, answer};

        fn declared(endpoint: &str) -> Arguments {
            let mut all = Arguments::default();
            for (name, text) in [
                ("kms_key_id", "alias/team"),
                ("key_spec", "AES_256"),
                ("region", "eu-central-1"),
                ("endpoint", endpoint),
                ("access_key", "AKIDEXAMPLE"),
                ("secret_key", "canary"),
            ] {
                let secrecy = if name == "secret_key" { Secrecy::Whole } else { Secrecy::None };
                let argument = Argument { name, sort: Sort::Text, required: false, secrecy, env: &[], instead: None };
                all.set(&argument, BackendValue::text(&argument, text));
            }
            all
        }

        #[tokio::test]
        async fn data_keys_are_made_and_decrypted_with_signed_calls() {
            let plaintext = STANDARD.encode([7; 32]);
            let both = format!(r#"{{"Plaintext":"{plaintext}","CiphertextBlob":"YmxvYg==","KeyId":"k"}}"#);
            let server = Server::start(move |_, _| answer(200, both.clone())).await;
            let (made, notes) = new_key(&declared(&server.url)).await.expect("a key");
            assert_eq!(notes, br#"{"ciphertext_blob":"YmxvYg=="}"#);
            assert_eq!(key(&declared(&server.url), &notes).await.expect("a key"), made);
            let seen = server.seen();
            let targets: Vec<_> = seen.iter().map(|seen| seen.header("x-amz-target")).collect();
            assert_eq!(targets, [Some("TrentService.GenerateDataKey"), Some("TrentService.Decrypt")]);
            assert_eq!(seen[0].body, r#"{"KeyId":"alias/team","KeySpec":"AES_256"}"#);
            assert_eq!(seen[1].body, r#"{"KeyId":"alias/team","CiphertextBlob":"YmxvYg=="}"#);
            let signed = seen[0].header("authorization").expect("a signature");
            assert!(
                signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") && signed.contains("/eu-central-1/kms/")
            );
            assert!(signed.contains("x-amz-target") && !signed.contains("canary"), "{signed}");
        }

        #[tokio::test]
        async fn what_fails_says_why() {
            let server = Server::start(|_, _| answer(400, r#"{"__type":"NotFoundException"}"#)).await;
            let told = new_key(&declared(&server.url)).await.expect_err("refused");
            assert!(told.contains("400") && told.contains("NotFoundException"), "{told}");
            let told = new_key(&declared("http://kms.example.com")).await.expect_err("in clear");
            assert!(told.contains("unencrypted"), "{told}");
        }
    }
}
