//! Fleets whose state is on a real server: how they say so, and podform in their directories.

use super::proxy::Wire;
use super::servers::{ACCOUNT, ACCOUNT_KEY, KEYS, Server, azurite, fake_gcs, postgres, seaweed};
#[cfg(feature = "http-state")]
use super::web::server as web;
use crate::fleet::{Fleet, text};
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use std::process::{Child, Command, Output, Stdio};
use uuid::Uuid;

/// A block, and the variables that go with it.
type Told = (String, Vec<(&'static str, String)>);

/// A kind of server that runs.
pub struct Kind {
    pub name: &'static str,
    /// Where it listens.
    pub port: u16,
    /// What it speaks.
    pub wire: Wire,
    /// How a fleet says that its state is behind this port, in a part of its own.
    told: fn(u16, Uuid) -> Told,
    #[cfg(feature = "http-state")]
    _server: Option<web::Server>,
}

/// A part of a server that nobody else uses.
pub struct Place {
    pub name: &'static str,
    /// What its keys begin with.
    pub own: Uuid,
    pub block: String,
    pub variables: Vec<(&'static str, String)>,
}

fn s3(port: u16, own: Uuid) -> Told {
    let block = format!(
        r#"backend "s3" {{
    bucket                      = "states"
    key                         = "{own}/gpu.tfstate"
    region                      = "us-east-1"
    endpoints                   = {{ s3 = "http://127.0.0.1:{port}" }}
    use_path_style              = true
    use_lockfile                = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
  }}"#
    );
    (block, vec![("AWS_ACCESS_KEY_ID", KEYS.0.into()), ("AWS_SECRET_ACCESS_KEY", KEYS.1.into())])
}

fn gcs(port: u16, own: Uuid) -> Told {
    let block = format!(
        r#"backend "gcs" {{
    bucket                  = "states"
    prefix                  = "{own}"
    storage_custom_endpoint = "http://127.0.0.1:{port}/storage/v1/"
  }}"#
    );
    (block, vec![("GOOGLE_OAUTH_ACCESS_TOKEN", "x".into())])
}

fn azure(port: u16, own: Uuid) -> Told {
    let block = format!(
        r#"backend "azurerm" {{
    storage_account_name = "{ACCOUNT}"
    container_name       = "states"
    key                  = "{own}/gpu.tfstate"
  }}"#
    );
    let endpoint = format!("http://127.0.0.1:{port}/{ACCOUNT}");
    (block, vec![("ARM_ACCESS_KEY", ACCOUNT_KEY.into()), ("AZURE_STORAGE_SERVICE_ENDPOINT", endpoint)])
}

fn pg(port: u16, own: Uuid) -> Told {
    let connection = format!("postgres://podform@127.0.0.1:{port}/postgres?sslmode=disable");
    (format!("backend \"pg\" {{\n    schema_name = \"{own}\"\n  }}"), vec![("PG_CONN_STR", connection)])
}

#[cfg(feature = "http-state")]
fn http(port: u16, own: Uuid) -> Told {
    let address = format!("http://127.0.0.1:{port}/api/v4/projects/7/terraform/state/{own}");
    let block = format!(
        r#"backend "http" {{
    address        = "{address}"
    lock_address   = "{address}/lock"
    unlock_address = "{address}/lock"
    lock_method    = "POST"
    unlock_method  = "DELETE"
    retry_wait_min = 1
  }}"#
    );
    (block, Vec::new())
}

impl Kind {
    fn of(name: &'static str, port: u16, wire: Wire, told: fn(u16, Uuid) -> Told) -> Kind {
        Kind {
            name,
            port,
            wire,
            told,
            #[cfg(feature = "http-state")]
            _server: None,
        }
    }

    pub fn of_seaweed(server: &Server) -> Kind {
        Kind::of("s3", server.port, Wire::Http, s3)
    }

    pub fn of_postgres(server: &Server) -> Kind {
        Kind::of("pg", server.port, Wire::Postgres, pg)
    }
}

/// Those that are installed, but for the one that the tests are themselves.
pub fn installed() -> Vec<Kind> {
    let all = [
        ("s3", seaweed().map(Kind::of_seaweed)),
        ("gcs", fake_gcs().map(|server| Kind::of("gcs", server.port, Wire::Http, gcs))),
        ("azurerm", azurite().map(|server| Kind::of("azurerm", server.port, Wire::Http, azure))),
        ("pg", postgres().map(Kind::of_postgres)),
    ];
    for (name, _) in all.iter().filter(|(_, kind)| kind.is_none()) {
        println!("skipped: no server for {name}; tests/backends/servers.sh installs one");
    }
    all.into_iter().filter_map(|(_, kind)| kind).collect()
}

/// All of them.
pub fn every() -> Vec<Kind> {
    installed().into_iter().chain(own()).collect()
}

#[cfg(feature = "http-state")]
fn own() -> Option<Kind> {
    let server = web::Server::start(web::GITLAB);
    let kind = Kind::of("http", server.port(), Wire::Http, http);
    Some(Kind { _server: Some(server), ..kind })
}

#[cfg(not(feature = "http-state"))]
fn own() -> Option<Kind> {
    None
}

impl Kind {
    /// A part of its own, reached through a port.
    pub fn through(&self, port: u16) -> Place {
        let own = Uuid::new_v4();
        let (block, variables) = (self.told)(port, own);
        Place { name: self.name, own, block, variables }
    }

    /// A part of its own.
    pub fn place(&self) -> Place {
        self.through(self.port)
    }
}

impl Place {
    pub fn configuration(&self, machines: u32) -> String {
        format!(
            r#"podform {{
  fleet = "team"

  {}
}}

provider "simplepod" {{
  settle_window = "2s"
}}

resource "simplepod_template_group" "base" {{
  name       = "team-base"
  image_name = "ubuntu"
}}

resource "simplepod_instance" "node" {{
  count               = {machines}
  gpu_model           = "RTX 3090"
  fallback_gpu_models = ["RTX 3060", "RTX 4090"]
  max_price_per_gpu   = 2
  template_group      = simplepod_template_group.base.id
  wait_for            = "none"
}}
"#,
            self.block
        )
    }

    pub fn checkout(&self, machines: u32) -> Fleet {
        Fleet::new(&[("main.hcl", &self.configuration(machines))])
    }

    pub fn command(&self, fleet: &Fleet, sandbox: &Sandbox, arguments: &[&str]) -> Command {
        let mut command = podform();
        command.current_dir(fleet.path()).args(arguments).env("SIMPLEPOD_API_URL", sandbox.url());
        command.env("SIMPLEPOD_API_KEY", KEY).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    #[track_caller]
    pub fn run(&self, fleet: &Fleet, sandbox: &Sandbox, arguments: &[&str], code: i32) -> String {
        let output = self.command(fleet, sandbox, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}: {arguments:?}: {}", self.name, text(&output));
        text(&output)
    }

    pub fn begin(&self, fleet: &Fleet, sandbox: &Sandbox, arguments: &[&str]) -> Child {
        self.command(fleet, sandbox, arguments).spawn().unwrap()
    }

    /// An apply that takes the lock away from a run that died. Whether it had to: the lock of a database ends with its
    /// connection.
    #[track_caller]
    pub fn applies_at_last(&self, fleet: &Fleet, sandbox: &Sandbox) -> bool {
        let apply = ["apply", "-auto-approve"];
        let first = self.command(fleet, sandbox, &apply).output().unwrap();
        if first.status.code() == Some(5) {
            // The connection may end at this very moment.
            let _ = self.command(fleet, sandbox, &["force-unlock", "-force", &holder(&text(&first))]).output();
            self.run(fleet, sandbox, &apply, 0);
            return true;
        }
        assert_eq!(first.status.code(), Some(0), "{}: {}", self.name, text(&first));
        false
    }
}

/// The id of a lock that somebody holds, as whoever is kept out is told.
#[track_caller]
pub fn holder(told: &str) -> String {
    let id = told.lines().find_map(|line| line.split_once("ID:")).map(|(_, id)| id.trim().to_owned());
    id.unwrap_or_else(|| panic!("no id of a lock: {told}"))
}

pub fn ended(child: Child) -> Output {
    child.wait_with_output().unwrap()
}

pub fn rents(sandbox: &Sandbox) -> usize {
    sandbox.calls().iter().filter(|call| call.method == "POST" && call.route == "/instances").count()
}

/// An account with enough of everything.
pub fn sandbox() -> Sandbox {
    let mut switches = Switches::default();
    for spec in ["hosts=200", "balance=100000", "boot=0", "speed=20"] {
        switches.apply_spec(spec).unwrap();
    }
    Sandbox::start(1, switches)
}
