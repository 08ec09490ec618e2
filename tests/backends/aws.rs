//! Roles that are lent (STS) and keys that are kept (KMS), on moto: it proves signatures and policies when it is told to.

use super::places::{Place, sandbox};
use super::servers::{Server, ask, begin_moto};
use crate::fleet::{Fleet, text};
use crate::scenarios::podform;
use crate::world::Sandbox;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use uuid::Uuid;

/// moto with a bucket `states`, a role that may use it, and a user who may do nothing but take that role.
struct Aws {
    server: Server,
    /// The user's.
    keys: [String; 2],
}

const ROLE: &str = "arn:aws:iam::123456789012:role/states";

fn allowed(actions: &[&str]) -> String {
    let statement = json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]);
    json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
}

impl Aws {
    /// One test after the other has it: what it proves, it proves to everybody.
    fn begin() -> Option<MutexGuard<'static, Aws>> {
        static AWS: OnceLock<Option<Mutex<Aws>>> = OnceLock::new();
        let Some(aws) = AWS.get_or_init(|| Aws::new().map(Mutex::new)) else {
            println!("skipped: moto is not installed; tests/backends/servers.sh does it");
            return None;
        };
        let aws = aws.lock().unwrap_or_else(PoisonError::into_inner);
        aws.strict_after(u32::MAX);
        aws.allow(&["sts:AssumeRole"]);
        Some(aws)
    }

    fn new() -> Option<Aws> {
        let server = begin_moto()?;
        let aws = Aws { server, keys: Default::default() };
        aws.ask("s3", "PUT", "/states", &[], "");
        let trust = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" }
        ] });
        aws.iam(&[("Action", "CreateUser"), ("UserName", "ci")]);
        let trust = trust.to_string();
        aws.iam(&[("Action", "CreateRole"), ("RoleName", "states"), ("AssumeRolePolicyDocument", &trust)]);
        let of_role = [("Action", "PutRolePolicy"), ("RoleName", "states"), ("PolicyName", "p")];
        aws.iam(&[&of_role[..], &[("PolicyDocument", &allowed(&["s3:*"]))]].concat());
        let made = aws.iam(&[("Action", "CreateAccessKey"), ("UserName", "ci")]);
        let between = |tag: &str| {
            let (_, rest) = made.split_once(&format!("<{tag}>")).unwrap_or_else(|| panic!("no {tag}: {made}"));
            rest.split('<').next().unwrap_or_default().to_owned()
        };
        let keys = [between("AccessKeyId"), between("SecretAccessKey")];
        Some(Aws { keys, ..aws })
    }

    fn ask(&self, service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential=anybody/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let headers = [headers, &[("authorization", signed.as_str())]].concat();
        let (status, told) = ask(self.server.port, method, path, &headers, body);
        assert_eq!(status, 200, "{service} {method} {path}: {told}");
        told
    }

    fn iam(&self, form: &[(&str, &str)]) -> String {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs = form.iter().chain(&[("Version", "2010-05-08")]);
        let body = pairs.map(|(name, text)| format!("{name}={}", encoded(text))).collect::<Vec<_>>().join("&");
        self.ask("iam", "POST", "/", &[("content-type", "application/x-www-form-urlencoded")], &body)
    }

    /// All that the user may do.
    fn allow(&self, actions: &[&str]) {
        let of_user = [("Action", "PutUserPolicy"), ("UserName", "ci"), ("PolicyName", "p")];
        self.iam(&[&of_user[..], &[("PolicyDocument", &allowed(actions))]].concat());
    }

    /// Every object of a place: its key, what is said of it, and what it holds.
    fn objects(&self, place: &Place) -> Vec<(String, String, String)> {
        let listed = self.ask("s3", "GET", &format!("/states?list-type=2&prefix={}", place.own), &[], "");
        let keys = listed.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap().to_owned());
        let object = |key: String| {
            let told = self.ask("s3", "GET", &format!("/states/{key}"), &[], "");
            let (head, body) = told.split_once("\r\n\r\n").unwrap();
            (key, head.to_owned(), body.to_owned())
        };
        keys.map(object).collect()
    }

    /// A new key of KMS.
    fn key(&self) -> String {
        let headers = [("x-amz-target", "TrentService.CreateKey"), ("content-type", "application/x-amz-json-1.1")];
        let told = self.ask("kms", "POST", "/", &headers, "{}");
        let (_, body) = told.split_once("\r\n\r\n").unwrap();
        let made: Json = serde_json::from_str(body).unwrap();
        made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
    }

    /// After so many calls signatures and policies count.
    fn strict_after(&self, calls: u32) {
        assert_eq!(ask(self.server.port, "POST", "/moto-api/reset-auth", &[], &calls.to_string()).0, 200);
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port)
    }

    /// A state in the bucket, with more arguments and these variables.
    fn place(&self, arguments: &str, variables: &[(&'static str, String)]) -> Place {
        let own = Uuid::new_v4();
        let block = format!(
            r#"backend "s3" {{
    bucket                  = "states"
    key                     = "{own}/gpu.tfstate"
    region                  = "us-east-1"
    use_path_style          = true
    skip_metadata_api_check = true
    {arguments}
  }}"#
        );
        Place { name: "s3", own, block, variables: variables.to_vec() }
    }

    fn users(&self) -> Vec<(&'static str, String)> {
        let [id, secret] = self.keys.clone();
        vec![("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", secret)]
    }
}

/// Two checkouts, each with processes of its own, share a state.
fn shared(place: &Place, before_each: &dyn Fn()) -> (Sandbox, Fleet) {
    let sandbox = sandbox();
    let (one, other) = (place.checkout(2), place.checkout(2));
    let run = |fleet: &Fleet, arguments: &[&str]| {
        before_each();
        place.run(fleet, &sandbox, arguments, 0)
    };
    run(&one, &["init", "-input=false"]);
    run(&one, &["apply", "-auto-approve"]);
    run(&other, &["init", "-input=false"]);
    run(&other, &["plan", "-detailed-exitcode"]);
    (sandbox, other)
}

#[test]
fn a_role_is_assumed_where_the_block_or_the_environment_says() {
    let Some(aws) = Aws::begin() else { return };
    let sandbox = sandbox();
    let endpoint = aws.endpoint();
    aws.strict_after(0);
    // Without the role the user may do nothing.
    let alone = aws.place(&format!("endpoints = {{ s3 = \"{endpoint}\" }}"), &aws.users());
    let told = alone.run(&alone.checkout(2), &sandbox, &["init", "-input=false"], 1);
    assert!(told.contains("AccessDenied"), "{told}");
    let role = format!("assume_role = {{ role_arn = \"{ROLE}\", session_name = \"ci\" }}");
    let of_block = format!("endpoints = {{ s3 = \"{endpoint}\", sts = \"{endpoint}\" }}\n    {role}");
    shared(&aws.place(&of_block, &aws.users()), &|| ());
    let of_environment =
        [aws.users(), vec![("AWS_ENDPOINT_URL_S3", endpoint.clone()), ("AWS_ENDPOINT_URL_STS", endpoint.clone())]];
    shared(&aws.place(&role, &of_environment.concat()), &|| ());
    let of_all = [aws.users(), vec![("AWS_ENDPOINT_URL", endpoint.clone())]].concat();
    shared(&aws.place(&role, &of_all), &|| ());
    // What the server says of it is told, and the secret is not.
    let mut others = aws.users();
    others[1].1 = "another-secret-of-the-user".into();
    let wrong = aws.place(&of_block, &others);
    let told = wrong.run(&wrong.checkout(2), &sandbox, &["init", "-input=false"], 1);
    assert!(told.contains("STS") && told.contains("SignatureDoesNotMatch"), "{told}");
    assert!(!told.contains("another-secret"), "{told}");
}

#[test]
fn a_token_of_ci_becomes_a_role() {
    let Some(aws) = Aws::begin() else { return };
    let endpoint = aws.endpoint();
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "eyJhbGciOi.the-token-of-the-job.c2ln").unwrap();
    let file = token.path().to_str().unwrap();
    // The first call of each process has no signature: it brings the token.
    let token_first = || aws.strict_after(1);
    let of_environment = vec![
        ("AWS_ENDPOINT_URL", endpoint.clone()),
        ("AWS_ROLE_ARN", ROLE.to_owned()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_owned()),
    ];
    shared(&aws.place("", &of_environment), &token_first);
    let of_block = format!(
        "endpoints = {{ s3 = \"{endpoint}\", sts = \"{endpoint}\" }}\n    assume_role_with_web_identity = {{ role_arn = \"{ROLE}\", web_identity_token_file = \"{file}\" }}"
    );
    shared(&aws.place(&of_block, &[]), &token_first);
}

/// How a state and plans are encrypted: by the first of these keys of KMS, and read by the others too.
fn encrypted(place: &Place, endpoint: &str, keys: &[(&str, &str)]) -> Place {
    let mut inside = String::new();
    for (name, id) in keys {
        inside += &format!(
            "    key_provider \"aws_kms\" \"{name}\" {{\n      kms_key_id = \"{id}\"\n      key_spec   = \"AES_256\"\n      region     = \"us-east-1\"\n      endpoint   = \"{endpoint}\"\n    }}\n    method \"aes_gcm\" \"{name}\" {{\n      keys = key_provider.aws_kms.{name}\n    }}\n"
        );
    }
    let fallbacks: String = keys[1..]
        .iter()
        .map(|(name, _)| format!("      fallback {{\n        method = method.aes_gcm.{name}\n      }}\n"))
        .collect();
    let first = keys[0].0;
    inside += &format!("    state {{\n      method = method.aes_gcm.{first}\n{fallbacks}    }}\n");
    inside += &format!("    plan {{\n      method = method.aes_gcm.{first}\n    }}\n");
    let block = format!("{}\n\n  encryption {{\n{inside}  }}", place.block);
    Place { name: place.name, own: place.own, block, variables: place.variables.clone() }
}

#[test]
fn keys_of_kms_encrypt_a_state_and_are_changed_for_others() {
    let Some(aws) = Aws::begin() else { return };
    let endpoint = aws.endpoint();
    aws.allow(&["s3:*", "kms:GenerateDataKey", "kms:Decrypt"]);
    let (old, new) = (aws.key(), aws.key());
    aws.strict_after(0);
    let place = aws.place(&format!("endpoints = {{ s3 = \"{endpoint}\" }}"), &aws.users());
    let of = |keys: &[(&str, &str)]| encrypted(&place, &endpoint, keys);
    let first = of(&[("team", &old)]);
    let (sandbox, other) = shared(&first, &|| ());
    first.run(&other, &sandbox, &["plan", "-out=saved"], 0);
    first.run(&other, &sandbox, &["apply", "saved"], 0);
    aws.strict_after(u32::MAX);
    let objects = aws.objects(&place);
    assert!(objects.len() > 2, "{objects:?}");
    for (key, _, text) in objects.iter().filter(|(key, ..)| !key.ends_with(".tflock")) {
        assert!(!text.contains("simplepod_instance") && !text.contains("team-base"), "{key}: {text}");
    }
    let sums = |objects: Vec<(String, String, String)>| {
        // A run seals the journal before it reads.
        let states = objects.into_iter().filter(|(key, ..)| !key.contains("/journal/"));
        states.map(|(key, _, text)| (key, podform::lang::hex(&Sha256::digest(text)))).collect::<Vec<_>>()
    };
    let before = sums(objects);
    assert!(!String::from_utf8_lossy(&std::fs::read(other.path().join("saved")).unwrap()).contains("team-base"));
    aws.strict_after(0);
    // A key that did not encrypt it, one that is not there, one that may not be used: nothing is read, or written.
    let run = |place: &Place, arguments: &[&str], code: i32| {
        std::fs::write(other.path().join("main.hcl"), place.configuration(2)).unwrap();
        place.run(&other, &sandbox, arguments, code).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for (key, why) in [(new.as_str(), "AccessDenied"), ("no-such-key", "NotFound")] {
        for arguments in [&["plan"][..], &["apply", "-auto-approve"], &["state", "pull"]] {
            let told = run(&of(&[("team", key)]), arguments, 1);
            assert!(told.contains(why) && told.contains("Decrypt"), "{arguments:?}: {told}");
        }
    }
    aws.strict_after(u32::MAX);
    aws.allow(&["s3:*"]);
    aws.strict_after(0);
    let told = run(&first, &["plan"], 1);
    assert!(told.contains("AccessDenied"), "{told}");
    aws.strict_after(u32::MAX);
    assert_eq!(sums(aws.objects(&place)), before);
    aws.allow(&["s3:*", "kms:GenerateDataKey", "kms:Decrypt"]);
    aws.strict_after(0);
    // Another key is one apply.
    run(&of(&[("next", &new), ("team", &old)]), &["plan", "-detailed-exitcode"], 0);
    run(&of(&[("next", &new), ("team", &old)]), &["apply", "-auto-approve"], 0);
    run(&of(&[("next", &new)]), &["plan", "-detailed-exitcode"], 0);
    let told = run(&of(&[("team", &old)]), &["plan"], 1);
    assert!(told.contains("key_provider.aws_kms.team"), "{told}");
}

#[test]
fn a_bucket_encrypts_every_object_as_the_block_says() {
    let Some(aws) = Aws::begin() else { return };
    let key = aws.key();
    let endpoints = format!("endpoints = {{ s3 = \"{}\" }}\n    encrypt = true", aws.endpoint());
    let by_kms = format!("{endpoints}\n    kms_key_id = \"{key}\"");
    for (arguments, headers) in [
        (endpoints, vec!["x-amz-server-side-encryption: AES256".to_owned()]),
        (
            by_kms,
            vec![
                "x-amz-server-side-encryption: aws:kms".to_owned(),
                format!("x-amz-server-side-encryption-aws-kms-key-id: {key}"),
            ],
        ),
    ] {
        let place = aws.place(&arguments, &aws.users());
        shared(&place, &|| ());
        let objects = aws.objects(&place);
        assert!(objects.len() > 2, "{objects:?}");
        for (key, head, _) in objects {
            for header in &headers {
                assert!(head.to_lowercase().contains(&header.to_lowercase()), "{key}: {head}");
            }
        }
    }
}

#[test]
fn what_would_not_be_heeded_or_would_tell_secrets_is_refused() {
    let fleet = |arguments: &str| {
        let block = format!(
            "backend \"s3\" {{\n    bucket = \"states\"\n    key    = \"a\"\n    region = \"us-east-1\"\n    {arguments}\n  }}"
        );
        Fleet::new(&[("main.hcl", &format!("podform {{\n  fleet = \"team\"\n  {block}\n}}\n"))])
    };
    for (arguments, why) in [
        (format!("assume_role = {{ role_arn = \"{ROLE}\", source_identity = \"me\" }}"), "assume_role.source_identity"),
        (
            format!("assume_role = {{ role_arn = \"{ROLE}\", transitive_tag_keys = [\"a\"] }}"),
            "assume_role.transitive_tag_keys",
        ),
        ("endpoints = { sso = \"https://sso.example.com\" }".to_owned(), "endpoints.sso"),
        ("endpoints = { sts = \"http://sts.example.com\" }".to_owned(), "http would send credentials"),
        ("endpoints = { sts = \"sts.example.com\" }".to_owned(), "the endpoint of STS"),
    ] {
        let output = podform().current_dir(fleet(&arguments).path()).args(["init", "-input=false"]).output().unwrap();
        let told = text(&output).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(output.status.code() == Some(1) && told.contains(why), "{arguments}: {told}");
    }
}
