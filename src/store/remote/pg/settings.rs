//! How the database is reached: a connection string as libpq has it, with the variables of libpq for what it leaves open.

use super::tls::{Mode, Tls};
use std::fmt;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What of the tables is made where it is not there.
#[derive(Clone, Copy, Debug)]
pub struct Create {
    /// The schema.
    pub schema: bool,
    /// The tables.
    pub tables: bool,
    /// The index.
    pub index: bool,
}

/// What a block `backend "pg"` says, with Terraform's meanings.
#[derive(Clone)]
pub struct Settings {
    /// The server, and who asks.
    pub(super) config: Config,
    /// How it is told apart from another one.
    pub(super) tls: Tls,
    /// `schema_name`.
    pub(super) schema: String,
    /// What is made.
    pub(super) create: Create,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("schema", &self.schema).field("create", &self.create).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads a connection string. What it does not say comes from `variable`, which reads the environment.
    ///
    /// # Errors
    /// Why it cannot be used, without its password.
    pub fn read(
        conn_str: &str,
        schema: Option<&str>,
        create: Create,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Settings, String> {
        let (rest, mut own) = apart(conn_str)?;
        let mut config: Config = rest.parse().map_err(|_| {
            "it is no connection string: write postgres://USER@HOST/DATABASE, or \"host=... user=... dbname=...\""
                .to_owned()
        })?;
        if config.get_hosts().is_empty() {
            let host = variable("PGHOST").unwrap_or_else(|| "localhost".to_owned());
            config.host(&host);
        }
        if config.get_ports().is_empty() {
            let port = variable("PGPORT").map(|text| text.parse().map_err(|_| format!("PGPORT is no port: {text}")));
            config.port(port.transpose()?.unwrap_or(5432));
        }
        if config.get_user().is_none() {
            let user = variable("PGUSER").or_else(|| variable("USER")).unwrap_or_else(|| "postgres".to_owned());
            config.user(&user);
        }
        if config.get_dbname().is_none()
            && let Some(name) = variable("PGDATABASE")
        {
            config.dbname(&name);
        }
        if config.get_password().is_none()
            && let Some(password) = variable("PGPASSWORD")
        {
            config.password(password);
        }
        let mut setting = |name: &str, named: &str| own.remove(name).or_else(|| variable(named));
        let mode =
            setting("sslmode", "PGSSLMODE").map(|text| Mode::read(&text)).transpose()?.unwrap_or(Mode::VerifyFull);
        let root = setting("sslrootcert", "PGSSLROOTCERT");
        config.ssl_mode(if mode == Mode::Disable { SslMode::Disable } else { SslMode::Require });
        config.connect_timeout(CONNECT_TIMEOUT).application_name("podform").keepalives_idle(Duration::from_secs(30));
        let schema = schema.unwrap_or("terraform_remote_state").to_owned();
        Ok(Settings { config, tls: Tls { mode, root }, schema, create })
    }

    /// `postgres://host:port/database`.
    pub(super) fn place(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        format!("postgres://{host}:{port}/{database}")
    }
}

type Own = std::collections::BTreeMap<String, String>;

/// A connection string without what only libpq knows, and that.
fn apart(text: &str) -> Result<(String, Own), String> {
    const OWN: [&str; 5] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "sslinline"];
    let mut own = Own::new();
    let mut take = |name: &str, value: String| {
        let is_own = OWN.contains(&name);
        if is_own {
            own.insert(name.to_owned(), value);
        }
        is_own
    };
    let rest = if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let decoded = |value: &str| percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        let kept: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .filter(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                !take(name, decoded(value))
            })
            .collect();
        if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) }
    } else {
        // Values in quotes with spaces belong to passwords; ours hold none.
        let kept = text.split_inclusive(char::is_whitespace).filter(|word| match word.trim().split_once('=') {
            Some((name, value)) => !take(name.trim(), value.trim().trim_matches('\'').to_owned()),
            None => true,
        });
        kept.collect()
    };
    match ["sslcert", "sslkey", "sslinline"].into_iter().find(|name| own.contains_key(*name)) {
        Some(name) => {
            Err(format!("{name} is not supported: a password, or a user that the server trusts, shows who asks"))
        }
        None => Ok((rest, own)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let create = Create { schema: true, tables: true, index: true };
        let variable = |name: &str| (name == "PGPASSWORD").then(|| "canary".to_owned());
        Settings::read(text, None, create, variable)
    }

    #[test]
    fn what_libpq_alone_knows_is_taken_out() {
        let url = read("postgres://me:pw@db.example:5433/states?sslmode=require&connect_timeout=3").expect("settings");
        assert_eq!((url.place().as_str(), url.tls.mode), ("postgres://db.example:5433/states", Mode::Require));
        assert_eq!(url.config.get_password(), Some(&b"pw"[..]));
        let words = read("host=db user=me sslmode=verify-ca sslrootcert='/etc/ca.pem' dbname=x").expect("settings");
        assert_eq!((words.place().as_str(), words.tls.mode), ("postgres://db:5432/x", Mode::VerifyCa));
        assert_eq!(words.tls.root.as_deref(), Some("/etc/ca.pem"));
        assert_eq!(words.config.get_password(), Some(&b"canary"[..]), "of the environment");
        assert_eq!(read("").expect("settings").tls.mode, Mode::VerifyFull);
    }

    #[test]
    fn what_cannot_be_used_is_told_without_the_password() {
        for wrong in ["postgres://me:canary@h/x?sslmode=maybe", "host=x password=canary nonsense", "sslcert=x host=h"] {
            let why = read(wrong).err().unwrap_or_default();
            assert!(!why.is_empty() && !why.contains("canary"), "{wrong}: {why}");
        }
        assert!(!format!("{:?}", read("postgres://me:canary@h/x")).contains("canary"));
    }
}
