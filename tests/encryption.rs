//! Encryption as a fleet has it: its block, the environment, what is refused, saved plans, and another program that reads and
//! writes the same files.

use crate::fleet::{Fleet, text};
use crate::scenarios::podform;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PLAIN: &str = "podform {\n  fleet = \"lab\"\n}\n\noutput \"a\" {\n  value = \"canary-one\"\n}\n";

const PASSPHRASE: &str = "correct horse battery staple";

/// With OpenTofu's least: what is shown here is not how long it takes.
fn block(inside: &str) -> String {
    PLAIN.replacen("\"lab\"\n", &format!("\"lab\"\n\n  encryption {{\n{inside}\n  }}\n"), 1)
}

fn keys(name: &str, passphrase: &str) -> String {
    format!(
        "key_provider \"pbkdf2\" \"{name}\" {{\n  passphrase = \"{passphrase}\"\n  iterations = 200000\n}}\nmethod \"aes_gcm\" \"{name}\" {{\n  keys = key_provider.pbkdf2.{name}\n}}\n"
    )
}

const CLEAR: &str = "method \"unencrypted\" \"clear\" {}\n";
const TEAM: &str =
    "state {\n  method = method.aes_gcm.team\n  enforced = true\n}\nplan {\n  method = method.aes_gcm.team\n}\n";
const MIGRATES: &str =
    "state {\n  method = method.aes_gcm.team\n  fallback {\n    method = method.unencrypted.clear\n  }\n}\n";

impl Fleet {
    fn configure(&self, text: &str) {
        fs::write(self.path().join("main.hcl"), text).unwrap();
    }

    fn state(&self) -> PathBuf {
        self.path().join("state/sandbox/podform.state.json")
    }

    /// Both streams of a run on the simulator.
    fn told(&self, arguments: &[&str], variables: &[(&str, &str)], code: i32) -> String {
        let mut command = podform();
        command.current_dir(self.path()).args(arguments).env("PODFORM_SANDBOX", "1");
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "podform {arguments:?}: {}", text(&output));
        // As sentences, wherever lines end.
        text(&output).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Files below the state that hold this.
    fn holding(&self, word: &str) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.path().join("state"), &mut found);
        found.retain(|path| fs::read(path).unwrap().windows(word.len()).any(|part| part == word.as_bytes()));
        found.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    }
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, found) } else { found.push(path) }
    }
}

#[test]
fn a_fleet_is_encrypted_by_one_apply_and_no_key_means_no_state() {
    let fleet = Fleet::new(&[("main.hcl", PLAIN)]);
    fleet.run(&["apply", "-auto-approve"], 0);
    assert_eq!(fleet.holding("canary-one").len(), 2, "the state and its copy");
    let team = keys("team", PASSPHRASE);
    // A state in clear is refused where nothing says that it may be.
    fleet.configure(&block(&format!("{team}{TEAM}")));
    let told = fleet.told(&["apply", "-auto-approve"], &[], 1);
    assert!(told.contains("It is not encrypted") && told.contains("\"unencrypted\""), "{told}");
    // Nothing changes but that.
    fleet.configure(&block(&format!("{team}{CLEAR}{MIGRATES}")));
    let told = fleet.told(&["plan"], &[], 0);
    assert!(!told.contains("encrypted from now on"), "{told}");
    let told = fleet.told(&["apply", "-auto-approve"], &[], 0);
    assert!(told.contains("State is encrypted from now on") && told.contains("podform state pull"), "{told}");
    assert_eq!(fleet.holding("canary-one"), [""; 0], "the copy of the same serial is written anew, too");
    // The next one says it no more, and needs no fallback.
    fleet.configure(&block(&format!("{team}{TEAM}")));
    let told = fleet.told(&["apply", "-auto-approve"], &[], 0);
    assert!(!told.contains("encrypted from now on"), "{told}");
    assert_eq!(fleet.run(&["output", "-raw", "a"], 0), "canary-one");
    let pulled = fleet.run(&["state", "pull"], 0);
    assert!(pulled.contains("canary-one") && pulled.contains("\"version\": 4"), "{pulled}");
    // What was pulled can be pushed, and is encrypted again.
    fs::write(fleet.path().join("pulled.json"), &pulled).unwrap();
    fleet.run(&["state", "push", "pulled.json"], 0);
    assert_eq!(fleet.holding("canary-one"), [""; 0]);
    assert_eq!(fleet.run(&["output", "-raw", "a"], 0), "canary-one");
    fleet.run(&["state", "verify"], 0);
    // Neither without the block nor with another passphrase is anything read, shown, repaired or written.
    let before = fs::read(fleet.state()).unwrap();
    for (configuration, why) in [
        (PLAIN.to_owned(), "The state is encrypted, and nothing here says how to decrypt it"),
        (block(&format!("{}{TEAM}", keys("team", "incorrect horse battery"))), "does not open it"),
    ] {
        fleet.configure(&configuration);
        for arguments in
            [&["plan"][..], &["apply", "-auto-approve"], &["output"], &["state", "pull"], &["state", "list"]]
        {
            let told = fleet.told(arguments, &[], 1);
            assert!(told.contains(why) && !told.contains("horse"), "{arguments:?}: {told}");
        }
    }
    fleet.told(&["state", "repair", "-auto-approve"], &[], 1);
    assert_eq!(fs::read(fleet.state()).unwrap(), before);
    // An older podform's marks and everything else are as before: with the key all of it is there.
    let variable = format!("{}{TEAM}", keys("team", PASSPHRASE));
    assert_eq!(
        fleet.run_with(&["output", "-raw", "a"], &[("PODFORM_SANDBOX", "1"), ("PODFORM_ENCRYPTION", &variable)], 0),
        "canary-one"
    );
}

#[test]
fn the_environment_is_laid_over_the_block() {
    let inside = format!("{}{TEAM}", keys("team", PASSPHRASE).replace(&format!("passphrase = \"{PASSPHRASE}\"\n"), ""));
    let fleet = Fleet::new(&[("main.hcl", &block(&inside))]);
    fleet.run(&["validate"], 0);
    let told = fleet.told(&["apply", "-auto-approve"], &[], 1);
    assert!(told.contains("\"passphrase\" is required") && told.contains("main.hcl:5:1"), "{told}");
    let hcl = format!("key_provider \"pbkdf2\" \"team\" {{\n  passphrase = \"{PASSPHRASE}\"\n}}");
    let json = format!("{{\"key_provider\":{{\"pbkdf2\":{{\"team\":{{\"passphrase\":\"{PASSPHRASE}\"}}}}}}}}");
    fleet.told(&["apply", "-auto-approve"], &[("PODFORM_ENCRYPTION", &hcl)], 0);
    assert_eq!(fleet.holding("canary-one"), [""; 0]);
    let told = fleet.told(&["output", "-raw", "a"], &[("PODFORM_ENCRYPTION", &json)], 0);
    assert!(told.contains("canary-one"), "{told}");
    // All of it, and by OpenTofu's way of writing references in JSON.
    let whole = format!(
        "{{\"key_provider\":{{\"pbkdf2\":{{\"team\":{{\"passphrase\":\"{PASSPHRASE}\",\"iterations\":200000}}}}}},\"method\":{{\"aes_gcm\":{{\"team\":{{\"keys\":\"${{key_provider.pbkdf2.team}}\"}}}}}},\"state\":{{\"method\":\"method.aes_gcm.team\"}}}}"
    );
    fleet.configure(PLAIN);
    let told = fleet.told(&["output", "-raw", "a"], &[("PODFORM_ENCRYPTION", &whole)], 0);
    assert!(told.contains("canary-one"), "{told}");
    for (wrong, why) in [
        ("{", "PODFORM_ENCRYPTION:1:"),
        ("key_provider \"pbkdf2\" \"x\" { passphrase = \"short-canary\" }", "at least 16 characters"),
        ("state { method = method.aes_gcm.y }", "There is no method.aes_gcm.y"),
        ("zzz {}", "Blocks of type \"zzz\""),
    ] {
        let told = fleet.told(&["output"], &[("PODFORM_ENCRYPTION", wrong)], 1);
        assert!(told.contains(why) && !told.contains("short-canary"), "{wrong}: {told}");
    }
    // An untrusted configuration has no say, and a program that it names does not run.
    fleet.configure(&block("key_provider \"external\" \"x\" {\n  command = [\"touch\", \"ran\"]\n  encrypted_metadata_alias = \"key_provider.pbkdf2.team\"\n}\nmethod \"aes_gcm\" \"x\" {\n  keys = key_provider.external.x\n}\nstate {\n  method = method.aes_gcm.x\n}"));
    let told = fleet.told(&["plan", "-untrusted"], &[], 1);
    assert!(told.contains("The state is encrypted") && !fleet.path().join("ran").exists(), "{told}");
    fleet.told(&["output"], &[], 1);
    assert!(fleet.path().join("ran").exists());
}

#[test]
fn what_is_wrong_with_a_block_is_told_with_its_place() {
    for (inside, why) in [
        (&*keys("team", "short"), "passphrase\": A passphrase has at least 16"),
        ("key_provider \"pbkdf2\" \"x\" {\n  passphrase = var.p\n}", "PODFORM_ENCRYPTION"),
        (
            "key_provider \"pbkdf2\" \"x\" {\n  passphrase = \"0123456789abcdef\"\n  iterations = 1000\n}",
            "at least 200000",
        ),
        (
            "key_provider \"pbkdf2\" \"x\" {\n  passphrase = \"0123456789abcdef\"\n  key_length = 24\n}",
            "32 bytes here, or 16",
        ),
        ("key_provider \"pbkdf2\" \"x\" {\n  passfrase = \"0123456789abcdef\"\n}", "Did you mean \"passphrase\""),
        ("key_provider \"gcp_kms\" \"x\" {}", "podform has no key provider \"gcp_kms\""),
        ("method \"aes_gcm\" \"x\" {\n  keys = 7\n}", "names one block"),
        ("method \"rot13\" \"x\" {}", "podform has no encryption method \"rot13\""),
        (&format!("{CLEAR}state {{\n  method = method.unencrypted.clear\n  enforced = true\n}}"), "forbidden"),
        (&format!("{CLEAR}{CLEAR}"), "two blocks method"),
        ("state {}\nstate {}", "at most one block"),
    ] {
        let fleet = Fleet::new(&[("main.hcl", &block(inside))]);
        let told = fleet.told(&["validate"], &[], 1);
        assert!(told.contains(why) && told.contains("main.hcl:"), "{inside}: {told}");
        assert!(!told.contains("panicked"), "{told}");
    }
}

#[test]
fn saved_plans_are_encrypted_and_read_back() {
    let team = keys("team", PASSPHRASE);
    let fleet = Fleet::new(&[("main.hcl", &block(&format!("{team}{TEAM}")))]);
    fleet.run(&["plan", "-out", "p.plan"], 0);
    let saved = fs::read_to_string(fleet.path().join("p.plan")).unwrap();
    assert!(
        saved.starts_with("{\"meta\":") && !saved.contains("serial") && !saved.contains("canary-one"),
        "{saved:.200}"
    );
    assert!(fleet.run(&["show", "p.plan"], 0).contains("canary-one"));
    let other = "key_provider \"pbkdf2\" \"team\" {\n  passphrase = \"another passphrase\"\n}";
    let told = fleet.told(&["apply", "p.plan"], &[("PODFORM_ENCRYPTION", other)], 1);
    assert!(told.contains("does not open it"), "{told}");
    let half = fleet.path().join("half.plan");
    fs::write(&half, &saved[..saved.len() / 2]).unwrap();
    let told = fleet.told(&["show", "half.plan"], &[], 1);
    assert!(told.contains("not encrypted, or cut off"), "{told}");
    fleet.run(&["apply", "p.plan"], 0);
    assert_eq!(fleet.run(&["output", "-raw", "a"], 0), "canary-one");
    assert_eq!(fleet.holding("canary-one"), [""; 0]);
    let plain = Fleet::new(&[("main.hcl", PLAIN)]);
    fs::write(plain.path().join("p.plan"), saved).unwrap();
    let told = plain.told(&["show", "p.plan"], &[], 1);
    assert!(told.contains("It is encrypted, and nothing here says"), "{told}");
}

/// `PODFORM_STATE_KEY` alone: nothing is encrypted, and who has not the key changes nothing unnoticed.
#[test]
fn sums_are_keyed_by_one_apply_and_prove_state_and_plan() {
    let fleet = Fleet::new(&[("main.hcl", PLAIN)]);
    let (key, other) = ([("PODFORM_STATE_KEY", "k")], [("PODFORM_STATE_KEY", "other")]);
    fleet.run(&["apply", "-auto-approve"], 0);
    let told = fleet.told(&["plan"], &key, 0);
    assert!(!told.contains("keyed from now on"), "{told}");
    let told = fleet.told(&["apply", "-auto-approve"], &key, 0);
    assert!(told.contains("State is keyed from now on"), "{told}");
    let told = fleet.told(&["apply", "-auto-approve"], &key, 0);
    assert!(!told.contains("keyed from now on"), "{told}");
    assert!(fs::read_to_string(fleet.state()).unwrap().contains("\n    \"mac\": \""));
    for wrong in [&[][..], &other[..]] {
        for command in [&["plan"][..], &["output"], &["apply", "-auto-approve"]] {
            let told = fleet.told(command, wrong, 1);
            assert!(told.contains("The sum of the state is keyed") && told.contains("Set PODFORM_STATE_KEY"), "{told}");
        }
    }
    let pulled = fleet.told(&["state", "pull"], &key, 0);
    assert!(pulled.contains("canary-one") && !pulled.contains("\"mac\""), "{pulled}");
    // Saved plans.
    fleet.told(&["plan", "-out=plain.plan"], &key, 0);
    let saved = fs::read_to_string(fleet.path().join("plain.plan")).unwrap();
    assert!(saved.starts_with("{\"podform_mac\": \""), "{saved:.80}");
    assert!(fleet.told(&["show", "plain.plan"], &key, 0).contains("No changes"));
    let forged = saved.replace("\"content\": {", "\"content\":  {");
    assert_ne!(forged, saved);
    fs::write(fleet.path().join("forged.plan"), &forged).unwrap();
    let inside = &saved[saved.find("\"plan\": ").unwrap() + 8..saved.len() - 2];
    fs::write(fleet.path().join("bare.plan"), inside).unwrap();
    for (file, variables) in [("forged", &key[..]), ("bare", &key), ("plain", &other), ("plain", &[])] {
        let told = fleet.told(&["show", &format!("{file}.plan")], variables, 1);
        assert!(told.contains("Nothing proves what stands in it"), "{file}: {told}");
    }
    // The key is lost: what stands there is taken as it is.
    let told = fleet.told(&["state", "repair", "-auto-approve"], &[], 0);
    assert!(told.contains("nothing proves its keyed sum"), "{told}");
    fleet.told(&["plan"], &[], 0);
    fleet.told(&["plan"], &key, 0);
}

#[cfg(unix)]
#[test]
fn a_program_gives_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let program = format!(
        r#"#!/bin/sh
echo '{{"magic":"OpenTofu-External-Key-Provider","version":1}}'
in=$(cat)
echo "$in" >> asked
test "$in" = null || also=',"decryption_key":"{key}"'
echo '{{"keys":{{"encryption_key":"{key}"'"$also"'}},"meta":{{"external_data":{{"id":7}}}}}}'
"#
    );
    let inside = "key_provider \"external\" \"team\" {\n  command = [\"./give\"]\n}\nmethod \"aes_gcm\" \"team\" {\n  keys = key_provider.external.team\n}\n";
    let fleet = Fleet::new(&[("main.hcl", &block(&format!("{inside}{TEAM}"))), ("give", &program)]);
    fs::set_permissions(fleet.path().join("give"), fs::Permissions::from_mode(0o755)).unwrap();
    fleet.run(&["apply", "-auto-approve"], 0);
    assert_eq!(fs::read_to_string(fleet.path().join("asked")).unwrap(), "null\n", "once a run");
    assert_eq!(fleet.run(&["output", "-raw", "a"], 0), "canary-one");
    let asked = fs::read_to_string(fleet.path().join("asked")).unwrap();
    assert_eq!(asked, "null\n{\"external_data\":{\"id\":7}}\n");
    fs::write(fleet.path().join("give"), "#!/bin/sh\necho no such key >&2\nexit 3\n").unwrap();
    let told = fleet.told(&["output"], &[], 1);
    assert!(told.contains("key_provider.external.team gives no key") && told.contains("no such key"), "{told}");
}

/// Python with its package `cryptography`; `None` where that is not installed.
fn python(verb: &str, input: &[u8]) -> Option<Vec<u8>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/encryption/opentofu.py");
    let program = std::env::var("PODFORM_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&program).args(["-c", "import cryptography"]).stderr(Stdio::null()).status();
    if !has.is_ok_and(|status| status.success()) {
        println!(
            "skipped: python3 has no package cryptography (pip install cryptography; PODFORM_TEST_PYTHON names another python)"
        );
        return None;
    }
    let mut child = Command::new(program);
    let child = child.arg(script).args([verb, PASSPHRASE]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{verb}");
    Some(output.stdout)
}

const SAMPLES: &str = "tests/encryption";

/// What was recorded, or written anew on demand.
fn sample(name: &str, now: Option<&[u8]>) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLES).join(name);
    if let Some(now) = now.filter(|_| std::env::var_os("UPDATE_GOLDEN").is_some()) {
        assert!(std::env::var_os("CI").is_none(), "CI never rewrites what is expected");
        fs::write(&path, now).unwrap();
    }
    fs::read(&path).unwrap()
}

#[test]
fn another_program_reads_what_podform_wrote_and_podform_what_it_wrote() {
    let team = format!("{}{TEAM}", keys("team", PASSPHRASE));
    let fleet = Fleet::new(&[("main.hcl", &block(&team))]);
    fleet.run(&["apply", "-auto-approve"], 0);
    let (envelope, pulled) = (fs::read(fleet.state()).unwrap(), fleet.run(&["state", "pull"], 0));
    if let Some(plain) = python("open", &envelope) {
        assert_eq!(String::from_utf8(plain).unwrap(), pulled);
    }
    fleet.run(&["plan", "-out", "p.plan"], 0);
    if let Some(plain) = python("open", &fs::read(fleet.path().join("p.plan")).unwrap()) {
        assert!(plain.starts_with(b"{\"podform_plan\":"));
    }
    let theirs = python("seal", pulled.as_bytes());
    for (name, now) in [("by_podform.json", Some(envelope)), ("by_python.json", theirs)] {
        for bytes in [Some(sample(name, now.as_deref())), now].into_iter().flatten() {
            fs::write(fleet.state(), &bytes).unwrap();
            fs::remove_dir_all(fleet.path().join("state/sandbox/backups")).ok();
            assert_eq!(fleet.run(&["output", "-raw", "a"], 0), "canary-one", "{name}");
        }
    }
    // What another program wrote is written on in podform's own way.
    fleet.configure(&block(&team).replace("canary-one", "canary-two"));
    fleet.run(&["apply", "-auto-approve"], 0);
    assert_eq!(fleet.run(&["output", "-raw", "a"], 0), "canary-two");
}
