//! Configurations that mean harm, under `-untrusted`: whatever they try, nothing from outside of their directory and no
//! secret of the account stands in anything that is printed or written, and they end in bounded time and memory.

use crate::fleet::Fleet;
use crate::hostile;
use crate::scenarios::podform;
use crate::world::Sandbox;
use podform::sandbox::Switches;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const KEY: &str = "canary-key-untrusted";
const TOKEN: &str = "canarytoken";
const FILE: &str = "canary-file-untrusted";
const LIVE: &str = "canary-live-untrusted";

/// What an honest team has in the account.
const OTHERS: &str = r#"
podform {
  fleet = "others"
}

resource "simplepod_template_group" "secret" {
  name          = "others-secret"
  image_name    = "ubuntu"
  notes         = "canary-live-untrusted"
  start_script  = "login canary-live-untrusted\n"
  env_variables = { TOKEN = "canary-live-untrusted" }

  registry {
    host     = "ghcr.io"
    username = "canary-live-untrusted"
    password = "canary-live-untrusted"
  }
}

resource "simplepod_instance" "a" {
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 2
  template_group    = simplepod_template_group.secret.id
  notes             = "canary-live-untrusted"
  env_variables     = { TOKEN = "canary-live-untrusted" }
}
"#;

/// An account with secrets, secret files, and a fleet between them.
struct Place {
    _outside: tempfile::TempDir,
    fleet: std::path::PathBuf,
    sandbox: Sandbox,
}

impl Place {
    fn new() -> Self {
        let mut switches = Switches::default();
        for spec in ["speed=0", "boot=0"] {
            switches.apply_spec(spec).unwrap();
        }
        let sandbox = Sandbox::start(7, switches);
        let others = Fleet::new(&[("main.hcl", OTHERS)]);
        let url = sandbox.url();
        let account = [("SIMPLEPOD_API_URL", url.as_str()), ("SIMPLEPOD_API_KEY", KEY)];
        others.run_with(&["apply", "-auto-approve"], &account, 0);
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path();
        let secret = format!("{FILE} = \"{FILE}\"\n");
        fs::create_dir_all(root.join("module")).unwrap();
        fs::create_dir_all(root.join("fleet/.git")).unwrap();
        for path in ["secret", "secret.hcl", "secret.vars.hcl", "fleet/.git/config", "fleet/.env"] {
            fs::write(root.join(path), &secret).unwrap();
        }
        fs::write(root.join("module/main.hcl"), format!("output \"o\" {{\n  value = \"{FILE}\"\n}}\n")).unwrap();
        let fleet = root.join("fleet");
        symlink("../secret", fleet.join("link")).unwrap();
        symlink("..", fleet.join("up")).unwrap();
        symlink(".git/config", fleet.join("git")).unwrap();
        Self { fleet, _outside: outside, sandbox }
    }

    /// Everything that a run printed, and its exit code: none of it may hold a secret.
    fn run(&self, arguments: &[&str], input: &str) -> (Option<i32>, String) {
        let typed = self.fleet.parent().unwrap().join("typed");
        fs::write(&typed, input).unwrap();
        let read = fs::File::open(typed).unwrap();
        let output = podform()
            .current_dir(&self.fleet)
            .args(arguments)
            .arg("-untrusted")
            .env("SIMPLEPOD_API_URL", self.sandbox.url())
            .env("SIMPLEPOD_API_KEY", KEY)
            .env("PODFORM_VAR_token", TOKEN)
            .env("HOME", self.fleet.parent().unwrap())
            .env("PODFORM_LOG", "debug")
            .stdin(read)
            .output()
            .unwrap();
        let text = crate::fleet::text(&output);
        clean(&format!("{arguments:?}"), &text);
        (output.status.code(), text)
    }

    /// Runs every command that reads a configuration on this one.
    fn attack(&self, hcl: &str) -> String {
        fs::write(self.fleet.join("main.hcl"), hcl).unwrap();
        let mut all = String::new();
        for arguments in [
            &["validate"][..],
            &["validate", "-json"],
            &["plan"],
            &["plan", "-json"],
            &["plan", "-out=p"],
            &["graph"],
            &["modules"],
            &["fmt", "-diff", "-check"],
        ] {
            all.push_str(&self.run(arguments, "").1);
        }
        if self.fleet.join("p").exists() {
            clean("the saved plan", &fs::read_to_string(self.fleet.join("p")).unwrap());
            all.push_str(&self.run(&["show", "-json", "p"], "").1);
            fs::remove_file(self.fleet.join("p")).unwrap();
        }
        all
    }
}

fn clean(what: &str, text: &str) {
    for secret in [KEY, TOKEN, FILE, LIVE] {
        assert!(!text.contains(secret), "{secret} in {what}: {text}");
    }
}

const HEAD: &str = "podform {\n  fleet = \"fork\"\n}\nvariable \"token\" {\n  type = string\n}\n";

fn output(expression: &str) -> String {
    format!("{HEAD}output \"o\" {{\n  value = {expression}\n}}\n")
}

#[test]
fn no_file_outside_reaches_anything() {
    let place = Place::new();
    let absolute = place.fleet.parent().unwrap().join("secret").display().to_string();
    for call in [
        "file(\"../secret\")",
        &format!("file(\"{absolute}\")"),
        "file(\"link\")",
        "file(\"up/secret\")",
        "file(\"${path.module}/../secret\")",
        "file(\"x/../../secret\")",
        "file(\"~/secret\")",
        "file(\"git\")",
        "file(\".git/config\")",
        "file(\".env\")",
        "file(\"/etc/hostname\")",
        "file(\"/proc/self/environ\")",
        "filebase64(\"link\")",
        "templatefile(\"link\", {})",
        "templatefile(\"../secret\", {})",
        "filesha256(\"link\")",
        "filemd5(\"../secret\")",
        "filebase64sha512(\"up/secret\")",
        "fileexists(\"../secret\")",
        "fileexists(\"/no/such/file\")",
        "fileexists(\"up/nothing\")",
        "fileset(\"..\", \"*\")",
        "fileset(\"up\", \"*\")",
    ] {
        let told = place.attack(&output(call));
        let refused = ["outside of the directory", "it is hidden", "there is no home directory"];
        assert!(refused.iter().any(|words| told.replace("\n│ ", " ").contains(words)), "{call}: {told}");
        // No detour makes an answer of it.
        let told = place.attack(&output(&format!("try({call}, \"nothing\")")));
        assert!(told.contains("nothing"), "{call}: {told}");
    }
    assert!(place.attack(&output("jsonencode(fileset(\".\", \"**\"))")).contains("main.hcl"));
    let (_, told) = place.run(&["console"], "file(\"../secret\")\n");
    assert!(told.replace("\n│ ", " ").contains("outside of the directory"), "{told}");
}

#[test]
fn no_module_and_no_variables_file_is_read_outside() {
    let place = Place::new();
    for source in ["../module", "./up/module", "./x/../../module"] {
        let told = place.attack(&format!(
            "module \"m\" {{\n  source = \"{source}\"\n}}\noutput \"o\" {{\n  value = module.m.o\n}}\n"
        ));
        assert!(told.contains("Module outside of the fleet"), "{source}: {told}");
    }
    for (name, words) in
        [("extra.hcl", "cannot be read"), ("podform.vars.hcl", "cannot be read"), ("a.auto.vars.hcl", "cannot be read")]
    {
        symlink("../secret.hcl", place.fleet.join(name)).unwrap();
        let told = place.attack(HEAD);
        assert!(told.contains(words) && told.contains(name), "{name}: {told}");
        fs::remove_file(place.fleet.join(name)).unwrap();
    }
    for file in ["../secret.vars.hcl", "up/secret.vars.hcl", "/dev/stdin"] {
        let (code, told) = place.run(&["validate", &format!("-var-file={file}")], FILE);
        assert!(code == Some(1) && told.contains("cannot be read"), "{file}: {told}");
    }
}

/// Whoever declares the variable could say that it is no secret; and what is made of its value tells it bit by bit.
#[test]
fn no_value_that_the_job_gives_reaches_anything() {
    let place = Place::new();
    for sensitive in ["", "  sensitive = true\n"] {
        let head = HEAD.replace("string\n", &format!("string\n{sensitive}"));
        for expression in [
            "var.token",
            "nonsensitive(var.token)",
            "jsonencode([var.token])",
            "[for c in split(\"\", var.token) : c]",
            "length(var.token)",
            "issensitive(var.token)",
            "upper(var.token)",
            "base64encode(var.token)",
            "can(regex(\"^canary\", var.token))",
            "try(tonumber(var.token), \"not a number\")",
            "var.token == \"canarytoken2\" ? 1 : 2",
            "{ (var.token) = 1 }",
            "templatestring(local.t, { x = var.token })",
        ] {
            let hcl = format!("{head}locals {{\n  t = \"$${{x}}\"\n}}\noutput \"o\" {{\n  value = {expression}\n}}\n");
            let told = place.attack(&hcl);
            for bits in ["CANARYTOKEN", "Y2FuYXJ5dG9rZW4"] {
                assert!(!told.contains(bits), "{expression}: {told}");
            }
        }
        let instance = |set: &str| {
            let rest = "  max_price_per_gpu = 1\n  template_group = \"29\"\n";
            format!("{head}resource \"simplepod_instance\" \"a\" {{\n{set}\n{rest}}}\n")
        };
        for set in [
            "gpu_model = var.token",
            "gpu_model = \"RTX 4090\"\nname = var.token",
            "gpu_model = \"RTX 4090\"\ncount = length(var.token)",
            "gpu_model = \"RTX 4090\"\nfor_each = toset([var.token])",
            "gpu_model = \"RTX 4090\"\nenv_variables = { (var.token) = var.token }",
            "gpu_model = \"RTX 4090\"\nlifecycle {\nprecondition {\ncondition = var.token == \"\"\nerror_message = \"It is ${var.token}.\"\n}\n}",
        ] {
            place.attack(&instance(set));
        }
    }
    // Both outcomes of a condition look alike.
    let asks = |first: &str| {
        let hcl = format!(
            "{HEAD}check \"x\" {{\n  assert {{\n    condition = startswith(var.token, \"{first}\")\n    error_message = \"No.\"\n  }}\n}}\n"
        );
        fs::write(place.fleet.join("main.hcl"), hcl).unwrap();
        place
            .run(&["plan"], "")
            .1
            .lines()
            .filter(|line| !line.contains("[DEBUG]") && !line.contains("[INFO]"))
            .collect::<String>()
    };
    assert_eq!(asks("c").replace("\"c\"", ""), asks("d").replace("\"d\"", ""));
    // What the job writes into its command line anybody may read, unless the configuration hides it.
    fs::write(
        place.fleet.join("main.hcl"),
        format!("{HEAD}variable \"size\" {{}}\noutput \"o\" {{\n  value = var.size\n}}\n"),
    )
    .unwrap();
    assert!(place.run(&["plan", "-var", "size=shown-value"], "").1.contains("shown-value"));
    let (_, told) = place.run(&["plan", &format!("-var=token={TOKEN}"), "-var", "size=1"], "");
    assert!(told.contains("Outputs"), "{told}");
}

#[test]
fn no_secret_of_the_account_reaches_anything() {
    let place = Place::new();
    let data = "data \"simplepod_template_group\" \"x\" {\n  name = \"others-secret\"\n}\n";
    let told = place.attack(&format!("{HEAD}{data}output \"o\" {{\n  value = data.simplepod_template_group.x\n}}\n"));
    assert!(told.contains("others-secret"), "{told}");
    let id = told.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("25115").to_owned();
    let group =
        "resource \"simplepod_template_group\" \"x\" {\n  name = \"others-secret\"\n  image_name = \"ubuntu\"\n}\n";
    let import = format!("import {{\n  to = simplepod_template_group.x\n  id = \"{id}\"\n}}\n");
    place.attack(&format!("{HEAD}{group}{import}output \"o\" {{\n  value = simplepod_template_group.x\n}}\n"));
    let machine = "resource \"simplepod_instance\" \"x\" {\n  gpu_model = \"RTX 4090\"\n  max_price_per_gpu = 2\n  template_group = \"29\"\n}\n";
    let import = "import {\n  to = simplepod_instance.x\n  id = \"108209\"\n}\n";
    place.attack(&format!("{HEAD}{machine}{import}"));
    place.attack(&format!("{HEAD}data \"simplepod_instance\" \"x\" {{\n  id = \"108209\"\n}}\noutput \"o\" {{\n  value = data.simplepod_instance.x\n}}\n"));
    let (code, _) = place.run(&["plan", "-generate-config-out=g.hcl"], "");
    assert_eq!(code, Some(1));
}

#[test]
fn the_key_goes_nowhere_else_and_nothing_is_changed() {
    let place = Place::new();
    let told = place.attack(&format!(
        "{HEAD}provider \"simplepod\" {{\n  base_url = \"http://127.0.0.1:1\"\n  api_key = \"mine\"\n}}\n"
    ));
    assert!(told.contains("may not set \"base_url\"") && told.contains("may not set \"api_key\""), "{told}");
    assert!(!told.contains("127.0.0.1:1/"), "{told}");
    let commands: [&[&str]; 9] = [
        &["apply", "-auto-approve"],
        &["destroy", "-auto-approve"],
        &["refresh"],
        &["recover"],
        &["orphans"],
        &["import", "simplepod_instance.a", "108209"],
        &["taint", "simplepod_instance.a"],
        &["state", "list"],
        &["snapshot", "-out=s"],
    ];
    for command in commands {
        let (code, told) = place.run(command, "");
        assert!(code == Some(1) && told.contains("Untrusted configuration"), "{command:?}: {told}");
    }
    // Neither is a plan that was made so.
    fs::write(place.fleet.join("main.hcl"), "podform {\n  fleet = \"fork\"\n}\noutput \"o\" {\n  value = 1\n}\n")
        .unwrap();
    assert_eq!(place.run(&["plan", "-out=p"], "").0, Some(0));
    let account = [("SIMPLEPOD_API_URL", place.sandbox.url()), ("SIMPLEPOD_API_KEY", KEY.to_owned())];
    let output = podform().current_dir(&place.fleet).args(["apply", "p"]).envs(account).output().unwrap();
    let told = crate::fleet::text(&output);
    assert!(output.status.code() == Some(1) && told.contains("Plan is not to be applied"), "{told}");
    assert!(!Path::new(&place.fleet).join("state").join("podform.state.json").exists());
}

#[test]
fn no_state_lies_where_a_link_leads() {
    let place = Place::new();
    let outside = place.fleet.parent().unwrap().join("elsewhere");
    fs::create_dir(&outside).unwrap();
    let state = place.fleet.join("state");
    fs::write(place.fleet.join("main.hcl"), HEAD).unwrap();
    symlink("../elsewhere", &state).unwrap();
    for command in [&["plan"][..], &["show"], &["console"]] {
        let (code, told) = place.run(command, "1\n");
        assert!(code == Some(1) && told.contains("State is not read"), "{command:?}: {told}");
    }
    fs::remove_file(&state).unwrap();
    fs::create_dir(&state).unwrap();
    for name in ["podform.state.json", "podform.lock", "podform.journal"] {
        symlink("../../secret", state.join(name)).unwrap();
        let (code, told) = place.run(&["plan"], "");
        assert!(code == Some(1) && told.contains("State is not read"), "{name}: {told}");
        fs::remove_file(state.join(name)).unwrap();
    }
    assert_eq!(fs::read_dir(outside).unwrap().count(), 0);
    assert!(fs::read_to_string(place.fleet.parent().unwrap().join("secret")).unwrap().starts_with(FILE));
}

/// Each of them would take the memory of the machine, or a day.
#[test]
fn bombs_end_with_a_diagnostic() {
    let doubled: String = (0..60).map(|n| format!("  l{} = [local.l{n}, local.l{n}]\n", n + 1)).collect();
    let texts: String = (0..60).map(|n| format!("  t{} = \"${{local.t{n}}}${{local.t{n}}}\"\n", n + 1)).collect();
    let nested = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
    let range = "[for a in range(1024) : [for b in range(1024) : [for c in range(1024) : a]]]";
    let counted = "resource \"simplepod_template_group\" \"g\" {\n  count = 1000000000\n  name = \"g${count.index}\"\n  image_name = \"u\"\n}\n";
    for (name, hcl) in [
        ("range", output("range(1000000000)")),
        ("loops", output(range)),
        ("width", output("format(\"%1000000000d\", 1)")),
        ("zeros", output("format(\"%.1000000000f\", 1)")),
        ("power", output("pow(10, 1000000000)")),
        ("repeated", output("join(\"\", [for i in range(1000) : format(\"%100000d\", i)])")),
        ("product", output("setproduct(range(1000), range(1000), range(1000))")),
        ("replaced", output("replace(format(\"%1000000d\", 1), \"\", format(\"%1000000d\", 1))")),
        ("indented", output("indent(1000000000, \"a\\nb\")")),
        ("nested", output(&nested)),
        ("doubled", format!("{HEAD}locals {{\n  l0 = [1]\n{doubled}}}\noutput \"o\" {{\n  value = local.l60\n}}\n")),
        ("texts", format!("{HEAD}locals {{\n  t0 = \"x\"\n{texts}}}\noutput \"o\" {{\n  value = local.t60\n}}\n")),
        ("count", format!("{HEAD}{counted}")),
    ] {
        let (code, told) = hostile::run(name, &hcl, &["validate", "-untrusted"], &[]);
        assert!(code == 1 && told.contains("Error"), "{name}: {code} {:.2000}", told);
    }
}
