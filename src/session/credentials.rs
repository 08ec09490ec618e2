//! Keys that a person gave once (`podform login`), by the names of their accounts: a file that nobody else can read, in the
//! directory where programs keep their configuration.

use super::environment::environment;
use super::failure::Failure;
use crate::diag::Diagnostic;
use crate::store::local::write_private;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The account of who names none.
const DEFAULT: &str = "default";
/// What its `format_version` says.
const FORMAT: &str = "1.0";
/// The most bytes of the file, and of a key that something hands over.
const MOST: u64 = 1 << 20;
/// The name of the key in the directory that a service manager hands over.
const HANDED: &str = "simplepod_api_key";

/// Which account is meant: the one that is named, else that of `SIMPLEPOD_ACCOUNT`.
///
/// # Errors
/// The variable is no text; the name is none.
pub fn account_name(named: Option<&str>) -> Result<String, Diagnostic> {
    let name = match named {
        Some(name) => name.to_owned(),
        None => environment("SIMPLEPOD_ACCOUNT")?.unwrap_or_else(|| DEFAULT.to_owned()),
    };
    let plain = |c: char| c.is_alphanumeric() || "-_.@".contains(c);
    if name.is_empty() || name.chars().count() > 100 || !name.chars().all(plain) {
        let detail = "The name of an account has up to 100 letters, digits, and any of - _ . @.";
        let told = Diagnostic::error("Invalid account name", detail);
        return Err(told.with_hint("Correct -account or SIMPLEPOD_ACCOUNT."));
    }
    Ok(name)
}

/// The stored keys.
#[derive(Default, Deserialize, Serialize)]
pub struct Credentials {
    format_version: String,
    accounts: BTreeMap<String, Stored>,
}

#[derive(Deserialize, Serialize)]
struct Stored {
    api_key: String,
}

impl Credentials {
    /// Where they are kept; `None` where the environment names no home.
    ///
    /// # Errors
    /// A variable is no text.
    pub fn place() -> Result<Option<PathBuf>, Diagnostic> {
        let absolute = |text: String| Some(PathBuf::from(text)).filter(|path| path.is_absolute());
        let base = match environment("XDG_CONFIG_HOME")?.and_then(absolute) {
            Some(base) => Some(base),
            None => environment("HOME")?.and_then(absolute).map(|home| home.join(".config")),
        };
        Ok(base.map(|base| base.join("podform").join("credentials.json")))
    }

    /// Reads them; none are none.
    ///
    /// # Errors
    /// Somebody else could have written or read the file; it cannot be understood, or is of another format.
    pub fn read(path: &Path) -> Result<Credentials, Diagnostic> {
        let wrong = |why: String| {
            let detail = format!("{}: {why}.", path.display());
            Diagnostic::error("Stored keys cannot be used", detail)
                .with_hint("Set it right, or remove the file and run podform login.")
        };
        let meta = match fs::symlink_metadata(path) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Credentials::default());
            }
            meta => meta.map_err(|error| wrong(error.to_string()))?,
        };
        let directory = path.parent().unwrap_or(path);
        let above = fs::symlink_metadata(directory).map_err(|error| wrong(error.to_string()))?;
        if above.is_symlink() || !above.is_dir() {
            return Err(wrong(format!("{} is a link, and keys are not looked for behind one", directory.display())));
        }
        if !meta.is_file() || meta.len() > MOST {
            return Err(wrong("it is no regular file of less than 1 MB: a link is not followed".to_owned()));
        }
        own(&above, 0o022).and_then(|()| own(&meta, 0o077)).map_err(wrong)?;
        let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
        // What serde says of the place shows nothing of the text.
        let read = serde_json::from_slice::<Credentials>(&bytes);
        let read = read.map_err(|error| wrong(format!("it is no file of podform login (line {})", error.line())))?;
        if read.format_version != FORMAT {
            let version = read.format_version.escape_debug();
            return Err(wrong(format!("its format_version is \"{version}\", and this podform reads \"{FORMAT}\"")));
        }
        Ok(read)
    }

    /// Reads them, changes them and writes them back where anything is another now: one process at a time, so that none
    /// loses what another one stores.
    ///
    /// # Errors
    /// As [`Credentials::read`]; they cannot be written, or would lie where somebody else rules.
    pub fn change(path: &Path, change: impl FnOnce(&mut Credentials) -> bool) -> Result<bool, Diagnostic> {
        prepare(path)?;
        // Free again when it is closed, however this ends. The file stays: who opened it already waits for this one.
        let lock = File::options().create(true).append(true).open(path.with_extension("lock"));
        let lock = lock.and_then(|lock| lock.lock().map(|()| lock));
        let _lock = lock.map_err(|error| unstored(path, &error.to_string()))?;
        let mut stored = Credentials::read(path)?;
        let changed = change(&mut stored);
        if changed {
            stored.write(path)?;
        }
        Ok(changed)
    }

    fn write(&self, path: &Path) -> Result<(), Diagnostic> {
        if fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file()) {
            return Err(unstored(path, "it is no regular file, and a link is not followed"));
        }
        let text = serde_json::to_vec_pretty(self).map_err(|error| unstored(path, &error.to_string()))?;
        write_private(path, &text).map_err(|error| unstored(path, &error.to_string()))
    }

    /// The key of an account.
    pub fn key(&self, account: &str) -> Option<SecretString> {
        self.accounts.get(account).map(|stored| SecretString::from(stored.api_key.as_str()))
    }

    /// Stores a key in the place of what was there.
    pub fn put(&mut self, account: &str, key: &SecretString) {
        FORMAT.clone_into(&mut self.format_version);
        self.accounts.insert(account.to_owned(), Stored { api_key: key.expose_secret().to_owned() });
    }

    /// Forgets a key; false where there was none.
    pub fn remove(&mut self, account: &str) -> bool {
        self.accounts.remove(account).is_some()
    }

    /// The names of the accounts.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().map(String::as_str)
    }
}

/// The directory of the file, which nobody else may write into.
fn prepare(path: &Path) -> Result<(), Diagnostic> {
    let directory = path.parent().unwrap_or(path);
    make(directory).map_err(|error| unstored(path, &error.to_string()))?;
    let above = fs::symlink_metadata(directory).map_err(|error| unstored(path, &error.to_string()))?;
    if !above.is_dir() {
        return Err(unstored(path, &format!("{} is a link, and none is followed", directory.display())));
    }
    own(&above, 0o022).map_err(|why| unstored(path, &why))
}

fn unstored(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::error("Keys cannot be stored", format!("{} cannot be written: {why}.", path.display()))
}

/// A key as it is typed or handed over, without blanks around it.
///
/// # Errors
/// It cannot be one.
pub fn key_of(text: &str) -> Result<SecretString, Diagnostic> {
    let key = text.trim();
    if key.is_empty() || key.len() > 4096 || !key.chars().all(|c| c.is_ascii_graphic()) {
        let detail = "An API key is one word of visible ASCII characters, and none was given.";
        return Err(
            Diagnostic::error("Not an API key", detail).with_hint("Keys are listed in Account Settings, Subaccounts.")
        );
    }
    Ok(SecretString::from(key))
}

/// The key in the directory that a service manager hands over (`LoadCredential=` of systemd).
///
/// # Errors
/// There is one that cannot be read.
pub fn handed_over() -> Result<Option<SecretString>, Failure> {
    let Some(directory) = environment("CREDENTIALS_DIRECTORY")? else { return Ok(None) };
    let path = Path::new(&directory).join(HANDED);
    let unreadable = |why: String| {
        let detail = format!("{}: {why}.", path.display());
        Failure::from(Diagnostic::error("Key cannot be read", detail))
    };
    match fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
        Ok(meta) if !meta.is_file() || meta.len() > MOST => {
            return Err(unreadable("it is no regular file of less than 1 MB".to_owned()));
        }
        Ok(_) => {}
    }
    let text = fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
    Ok(Some(key_of(&text)?))
}

/// Refuses what is another user's, or open to others.
#[cfg(unix)]
fn own(meta: &Metadata, closed: u32) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err("it, or its directory, belongs to another user".to_owned());
    }
    match meta.mode() & closed {
        0 => Ok(()),
        _ if meta.is_dir() => Err("others may write into its directory (chmod 700 closes that)".to_owned()),
        _ => Err("others may read it (chmod 600 closes that; and let the key be replaced, for it was open)".to_owned()),
    }
}

#[cfg(not(unix))]
fn own(_: &Metadata, _: u32) -> Result<(), String> {
    Ok(())
}

#[cfg(unix)]
fn make(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("podform").join("credentials.json");
        let mut stored = Credentials::default();
        stored.put("default", &SecretString::from("canary"));
        prepare(&path).and_then(|()| stored.write(&path)).expect("it can be written");
        assert!(Credentials::read(&path).is_ok_and(|read| read.key("default").is_some()));
        let later = fs::read_to_string(&path).expect("a file").replace("1.0", "2.0");
        write_private(&path, later.as_bytes()).expect("it can be written");
        let told = Credentials::read(&path).err().map(|why| why.text()).unwrap_or_default();
        assert!(told.contains(r#"its format_version is "2.0""#) && !told.contains("canary"), "{told}");
    }
}
