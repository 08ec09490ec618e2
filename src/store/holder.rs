//! Who holds a lock, as others see it.

use super::place::Place;
use crate::lang::hex;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, fs};
use uuid::Uuid;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockInfo {
    /// A UUID; journal entries name it as their run.
    pub id: String,
    /// `apply`.
    pub operation: String,
    /// `user@host`.
    pub who: String,
    /// The name of that host.
    #[serde(default)]
    pub host: String,
    /// The process on that host.
    pub pid: u32,
    /// When that process started, as the host's kernel counts it; tells it from a later one of the same number. `None`
    /// where the system does not say.
    #[serde(default)]
    pub started: Option<String>,
    /// A digest of the id of that machine, which outlives a boot. `None` where the system has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// In which namespace the number of the process counts: another container's is not seen here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Which podform.
    pub version: String,
    /// Since when.
    pub created: Timestamp,
}

impl LockInfo {
    /// Of this process.
    pub fn new(operation: &str) -> LockInfo {
        let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        LockInfo {
            id: Uuid::new_v4().to_string(),
            operation: operation.to_owned(),
            who: format!("{}@{}", user.unwrap_or_else(nameless), host()),
            host: host(),
            pid: std::process::id(),
            started: started("self"),
            machine: machine(),
            namespace: namespace(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: Timestamp::now(),
        }
    }

    /// Of whom nothing is known but how the lock is called.
    pub fn nameless(id: String) -> LockInfo {
        LockInfo {
            id,
            operation: "unknown".to_owned(),
            who: "unknown".to_owned(),
            host: String::new(),
            pid: 0,
            started: None,
            machine: None,
            namespace: None,
            version: "unknown".to_owned(),
            created: Timestamp::default(),
        }
    }

    /// Whether its text does not say since when.
    pub fn is_nameless(&self) -> bool {
        self.created == Timestamp::default()
    }

    /// Whether it ran under the kernel that runs here; `None` where nothing tells.
    pub(super) fn is_under(&self, here: &LockInfo) -> Option<bool> {
        let boot = |info: &LockInfo| info.started.as_ref()?.split_once('/').map(|(boot, _)| boot.to_owned());
        Some(boot(self)? == boot(here)?)
    }

    /// True where its run is known to have ended, by whoever was just given its lock. `now` is when the process of its
    /// number here started, where there is one.
    pub(super) fn has_died(&self, here: &LockInfo, now: Option<&str>) -> bool {
        let is_named_so = self.host == here.host || self.host.is_empty();
        match self.is_under(here) {
            // The kernel that knows of both has given the lock away. Where it does not keep locks, the process is seen.
            Some(true) => {
                let is_elsewhere = self.namespace.is_some() && self.namespace != here.namespace;
                is_elsewhere || now.is_none() || now != self.started.as_deref()
            }
            // The machine was started anew since then. Images of machines may share an id, hosts a name; both at once they
            // do where it is the same.
            Some(false) => self.machine.is_some() && self.machine == here.machine && is_named_so,
            // A text without it is of an older version, or of a system that does not tell: its name is all there is.
            None => is_named_so && self.started.as_deref().is_none_or(|own| now != Some(own)),
        }
    }

    /// In Terraform's layout.
    pub fn at(&self, place: &Place) -> impl fmt::Display {
        let since = match self.is_nameless() {
            true => "unknown".to_owned(),
            false => self.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        };
        format!(
            "Lock Info:\n  ID:        {}\n  Path:      {}\n  Operation: {}\n  Who:       {}\n  Version:   {}\n  \
             Created:   {since}\n  Info:      {}\n",
            self.id,
            place,
            self.operation,
            self.who,
            self.version,
            // Other programs do not tell theirs.
            if self.pid == 0 { String::new() } else { format!("process {}", self.pid) }
        )
    }

    /// The text of a lock as Terraform writes it. `path` is where the state is.
    pub fn for_terraform(&self, path: &str) -> String {
        let operation = OPERATIONS.iter().find(|(ours, _)| *ours == self.operation).map(|(_, theirs)| *theirs);
        let theirs = Theirs {
            id: self.id.clone(),
            operation: operation.unwrap_or(&self.operation).to_owned(),
            info: format!("{PROCESS}{}", self.pid),
            who: self.who.clone(),
            version: self.version.clone(),
            created: self.created.to_string(),
            path: path.to_owned(),
        };
        serde_json::to_string(&theirs).expect("a lock has no fallible parts")
    }

    /// Who holds a lock with such a text, whichever program wrote it; `None` where not even an id stands there.
    pub fn of_terraform(text: &[u8]) -> Option<LockInfo> {
        let Theirs { id, operation, info, who, version, created, .. } = serde_json::from_slice(text).ok()?;
        let ours = OPERATIONS.iter().find(|(_, theirs)| *theirs == operation).map(|(ours, _)| (*ours).to_owned());
        Some(LockInfo {
            id: Some(id).filter(|id| !id.is_empty())?,
            operation: ours.unwrap_or(operation),
            host: who.rsplit_once('@').map(|(_, host)| host.to_owned()).unwrap_or_default(),
            who,
            pid: info.strip_prefix(PROCESS).and_then(|pid| pid.parse().ok()).unwrap_or_default(),
            started: None,
            machine: None,
            namespace: None,
            version,
            created: created.parse().unwrap_or_default(),
        })
    }
}

/// Ours, and what Terraform calls them.
const OPERATIONS: [(&str, &str); 2] = [("apply", "OperationTypeApply"), ("plan", "OperationTypePlan")];
/// What stands before the number of a process.
const PROCESS: &str = "podform, process ";

/// Terraform's text of a lock.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Theirs {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    info: String,
    #[serde(default)]
    who: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    created: String,
    #[serde(default)]
    path: String,
}

/// Of whom the environment tells no name, as in most containers.
#[cfg(unix)]
fn nameless() -> String {
    format!("uid-{}", rustix::process::getuid().as_raw())
}

#[cfg(not(unix))]
fn nameless() -> String {
    "unknown".to_owned()
}

/// The name of this host.
fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// A digest: the id itself is not for others to see.
fn machine() -> Option<String> {
    let id = fs::read_to_string("/etc/machine-id").ok()?;
    let id = id.trim();
    // An image that was not started yet says so.
    let is_one = !id.is_empty() && id != "uninitialized";
    is_one.then(|| hex(&Sha256::digest(format!("podform:{id}"))).chars().take(16).collect())
}

fn namespace() -> Option<String> {
    Some(fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
}

/// When a process started: the boot, and the ticks since then.
pub(super) fn started(pid: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    // The name of the program, in parentheses, may hold anything.
    let ticks = stat.rsplit_once(") ")?.1.split(' ').nth(19)?;
    Some(format!("{}/{ticks}", boot.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(edit: impl Fn(&mut LockInfo)) -> LockInfo {
        let mut info = LockInfo {
            host: "ci".into(),
            pid: 7,
            started: Some("boot-1/100".into()),
            machine: Some("machine-1".into()),
            namespace: Some("pid:[1]".into()),
            ..LockInfo::new("apply")
        };
        edit(&mut info);
        info
    }

    #[test]
    fn terraform_reads_our_lock_and_we_read_its() {
        let own = LockInfo { host: "ci".into(), who: "ann@ci".into(), ..LockInfo::new("apply") };
        let text = own.for_terraform("bucket/prod.tfstate");
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let keys: Vec<&str> = json.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["ID", "Operation", "Info", "Who", "Version", "Created", "Path"]);
        assert_eq!(
            (json["Operation"].as_str(), json["Path"].as_str()),
            (Some("OperationTypeApply"), Some("bucket/prod.tfstate"))
        );
        let back = LockInfo::of_terraform(text.as_bytes()).expect("a holder");
        assert_eq!(back, LockInfo { started: None, machine: None, namespace: None, ..own });
        let theirs = r#"{"ID":"6f1c","Operation":"init","Info":"","Who":"root@vm","Version":"1.11.4","Created":"2026-03-02T09:15:00.123456789Z","Path":"b/k"}"#;
        let holder = LockInfo::of_terraform(theirs.as_bytes()).expect("a holder");
        assert_eq!((holder.id.as_str(), holder.host.as_str(), holder.operation.as_str()), ("6f1c", "vm", "init"));
        let told = holder.at(&Place::from(std::path::Path::new("b/k"))).to_string();
        assert!(told.contains("Version:   1.11.4\n") && !told.contains("process"), "{told}");
        for text in [&b""[..], b"{}", b"x", br#"{"ID":""}"#] {
            assert_eq!(LockInfo::of_terraform(text), None);
        }
    }

    #[test]
    fn only_what_is_known_to_be_dead_is_taken_over() {
        let here = info(|_| {});
        let died = |edit: &dyn Fn(&mut LockInfo), now: Option<&str>| info(edit).has_died(&here, now);
        assert!(!died(&|_| {}, Some("boot-1/100")), "it runs");
        assert!(died(&|_| {}, None) && died(&|_| {}, Some("boot-1/900")), "the number is another one's");
        // A container on the same machine, whose host name and numbers are its own.
        let container = |info: &mut LockInfo| {
            info.host = "4f1c".into();
            info.namespace = Some("pid:[2]".into());
        };
        assert!(died(&container, None) && died(&container, Some("boot-1/100")));
        // The machine was started anew.
        assert!(died(&|info| info.started = Some("boot-0/100".into()), None));
        // Another machine of the same name; another name on a copy of the same image; one without an id.
        let other = |edit: &dyn Fn(&mut LockInfo)| {
            died(
                &|info| {
                    info.started = Some("boot-0/100".into());
                    edit(info)
                },
                None,
            )
        };
        assert!(!other(&|info| info.machine = Some("machine-2".into())));
        assert!(!other(&|info| info.host = "elsewhere".into()));
        assert!(!other(&|info| info.machine = None));
        // Where the system tells nothing, the name counts, as it does in texts of older versions.
        let silent = |info: &mut LockInfo| info.started = None;
        assert!(died(&silent, None));
        assert!(!died(
            &|info| {
                silent(info);
                info.host = "elsewhere".into()
            },
            None
        ));
        assert!(died(
            &|info| {
                silent(info);
                info.host = String::new()
            },
            None
        ));
    }
}
