//! Somebody puts an older state back in a shared place: yesterday's version of an object, or yesterday's row. Whoever plans on it
//! is stopped, and what it does not know is taken in.

use super::places::{Kind, Place, rents, sandbox};
use super::servers::{KEYS, ask, postgres, seaweed};
use crate::fleet::{Fleet, text};
use hmac::{Hmac, KeyInit, Mac};
use podform::lang::hex;
use sha2::{Digest, Sha256};

/// A fleet of one machine; so many runs add one each; `keeps` what stood there before them, and `puts` it back: journal and
/// copies too, or the state alone.
fn goes_back<T>(place: &Place, runs: u32, all_of_it: bool, keeps: impl Fn(&Place) -> T, puts: impl Fn(&Place, &T)) {
    let sandbox = sandbox();
    let (one, other) = (place.checkout(1), place.checkout(1));
    let run = |fleet: &Fleet, arguments: &[&str], code: i32| {
        place.run(fleet, &sandbox, arguments, code).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let wants = |machines: u32| std::fs::write(other.path().join("main.hcl"), place.configuration(machines)).unwrap();
    run(&one, &["init", "-input=false"], 0);
    run(&other, &["init", "-input=false"], 0);
    run(&one, &["apply", "-auto-approve"], 0);
    let yesterday = keeps(place);
    for added in 1..=runs {
        wants(1 + added);
        run(&other, &["apply", "-auto-approve"], 0);
    }
    let all = 1 + runs as usize;
    let stands = |what: &str| assert_eq!((rents(&sandbox), sandbox.machines().len()), (all, all), "{what}");
    stands("before");
    // However often: nobody's look makes it the newest.
    for _ in 0..2 {
        puts(place, &yesterday);
        for arguments in [&["plan"][..], &["apply", "-auto-approve"]] {
            let told = place.command(&other, &sandbox, arguments).output().unwrap();
            assert!(matches!(told.status.code(), Some(1 | 4)), "{}: {}", place.name, text(&told));
        }
        // Where several went on from it the marks tell, whatever is wanted.
        let stops = [&["plan", "-lock=false"][..], &["destroy", "-auto-approve"]];
        for arguments in stops.iter().filter(|_| runs > 1) {
            for fleet in [&one, &other] {
                let told = run(fleet, arguments, 1);
                assert!(told.contains("State is older than its machines"), "{}: {arguments:?}: {told}", place.name);
            }
        }
        // After one run the numbers of the journal, or of a copy, tell, and the orphans.
        if runs == 1 {
            let told = run(&one, &["plan"], 0);
            assert!(told.contains("Orphans of this fleet bill"), "{told}");
            assert_eq!(told.contains("State is older than its"), !all_of_it, "{told}");
        }
        stands("stopped");
    }
    let pulled: serde_json::Value =
        serde_json::from_slice(&place.command(&other, &sandbox, &["state", "pull"]).output().unwrap().stdout).unwrap();
    let lineage = pulled["lineage"].as_str().unwrap();
    run(&other, &["recover", "-adopt=all", &format!("-lineage={lineage}"), "-auto-approve"], 0);
    let told = run(&other, &["plan", "-detailed-exitcode"], 0);
    assert!(!told.contains("older"), "{told}");
    run(&other, &["state", "verify"], 0);
    stands("taken in");
    run(&one, &["destroy", "-auto-approve"], 0);
    assert_eq!(sandbox.machines().len(), 0, "{}", place.name);
    println!("{}: {runs} runs later, stopped, taken in, {all} rents", place.name);
}

/// A call, signed as S3 wants it.
fn signed(port: u16, keys: (&str, &str), method: &str, path: &str, query: &str, body: &str) -> (u16, String) {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let scope = format!("{}/us-east-1/s3/aws4_request", &now[..8]);
    let digest = hex(&Sha256::digest(body));
    let heads = format!("host:127.0.0.1:{port}\nx-amz-content-sha256:{digest}\nx-amz-date:{now}\n");
    let names = "host;x-amz-content-sha256;x-amz-date";
    let request = format!("{method}\n{path}\n{query}\n{heads}\n{names}\n{digest}");
    let text = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let key = scope.split('/').fold(format!("AWS4{}", keys.1).into_bytes(), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    let id = keys.0;
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
    let headers = [("x-amz-date", &*now), ("x-amz-content-sha256", &digest), ("authorization", &authorization)];
    let to = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    ask(port, method, &to, &headers, body)
}

#[test]
fn an_older_version_of_an_object_in_a_bucket_stops_every_plan() {
    let Some(server) = seaweed() else {
        println!("skipped: SeaweedFS is not installed; tests/backends/servers.sh does it");
        return;
    };
    let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let call = |method: &str, path: &str, query: &str, body: &str| {
        let (status, told) = signed(server.port, KEYS, method, path, query, body);
        assert!((200..300).contains(&status), "{method} {path}?{query}: {told}");
        told
    };
    call("PUT", "/versions", "", "");
    call("PUT", "/versions", "versioning=", on);
    let kind = Kind::of_seaweed(server);
    let of = |place: &Place| format!("{}/gpu.tfstate", place.own);
    let newest = |place: &Place| {
        let told = call("GET", "/versions", &format!("prefix={}&versions=", of(place).replace('/', "%2F")), "");
        let version = told.split("<Version>").skip(1).find(|version| version.contains("<IsLatest>true"));
        let version = version.unwrap_or_else(|| panic!("{told}")).split_once("<VersionId>").unwrap().1;
        version.split('<').next().unwrap().to_owned()
    };
    // The newer versions are removed, or the older one is copied over them.
    let removes = |place: &Place, yesterday: &String| loop {
        let version = newest(place);
        if version == *yesterday {
            break;
        }
        call("DELETE", &format!("/versions/{}", of(place)), &format!("versionId={version}"), "");
    };
    let copies = |place: &Place, yesterday: &String| {
        let told = call("GET", &format!("/versions/{}", of(place)), &format!("versionId={yesterday}"), "");
        call("PUT", &format!("/versions/{}", of(place)), "", told.split_once("\r\n\r\n").unwrap().1);
    };
    let place = || {
        let place = kind.place();
        Place { block: place.block.replace("\"states\"", "\"versions\""), ..place }
    };
    for runs in [1, 2] {
        goes_back(&place(), runs, false, newest, removes);
        goes_back(&place(), runs, false, newest, copies);
    }
}

#[test]
fn an_older_row_of_postgresql_stops_every_plan() {
    let Some(server) = postgres() else {
        println!("skipped: PostgreSQL is not installed; tests/backends/servers.sh does it");
        return;
    };
    let does = |statements: String| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let config = format!("host=127.0.0.1 port={} user=podform dbname=postgres", server.port);
            let (client, connection) = tokio_postgres::connect(&config, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(&statements).await.unwrap();
        });
    };
    for whole in [false, true] {
        // As pg_restore -a does it, of Terraform's table alone, or of both.
        let all: &[&str] = if whole { &["states", "podform_objects"] } else { &["states"] };
        let keeps = |place: &Place| {
            let own = place.own;
            let kept = |table: &&str| format!("CREATE TABLE \"{own}\".kept_{table} AS TABLE \"{own}\".{table};");
            does(all.iter().map(kept).collect());
        };
        let puts = |place: &Place, (): &()| {
            let own = place.own;
            let put = |table: &&str| {
                format!("DELETE FROM \"{own}\".{table}; INSERT INTO \"{own}\".{table} TABLE \"{own}\".kept_{table};")
            };
            does(format!("BEGIN; {} COMMIT;", all.iter().map(put).collect::<String>()));
        };
        for runs in [1, 2] {
            goes_back(&Kind::of_postgres(server).place(), runs, whole, keeps, puts);
        }
    }
}
