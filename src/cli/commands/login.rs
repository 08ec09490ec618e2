//! `podform login` and `podform logout`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::terminal::Terminal;
use crate::diag::Diagnostic;
use crate::session::{Credentials, account_name, key_of};
use crate::state::fingerprint;
use clap::Args;
use std::io::Read;
use std::path::PathBuf;

/// The most bytes of standard input that a key is looked for in.
const MOST: u64 = 64 << 10;

/// `login` and `logout`.
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// The name under which the key is kept, for who has several; otherwise that of SIMPLEPOD_ACCOUNT, else "default".
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
}

/// Stores the key that is typed, unseen, or stands in the standard input. It is never an argument: those are for all to see.
pub async fn login(args: &LoginArgs, context: &mut Context) -> Outcome {
    let name = account_name(args.account.as_deref())?;
    let path = place()?;
    // What is wrong there is told before a key is asked for.
    Credentials::read(&path)?;
    let text = match Terminal::is_interactive() {
        true => {
            context
                .terminal
                .ask_secretly(&format!("API key of the account \"{name}\" (Account Settings, Subaccounts): "))
                .await?
        }
        false => read()?,
    };
    let key = key_of(&text.unwrap_or_default())?;
    Credentials::change(&path, |stored| {
        stored.put(&name, &key);
        true
    })?;
    context.terminal.line(&format!(
        "The key {} is kept as account \"{name}\" in {}. podform whoami asks the API what it may do.",
        fingerprint(&key),
        path.display()
    ));
    if std::env::var_os("SIMPLEPOD_API_KEY").is_some_and(|key| !key.is_empty()) {
        let detail = "SIMPLEPOD_API_KEY is set, and comes before every stored key.";
        context
            .diags
            .push(Diagnostic::warning("Another key is used", detail).with_hint("Unset it to use the stored one."));
    }
    Ok(Exit::Done)
}

/// Forgets a stored key.
pub fn logout(args: &LoginArgs, context: &mut Context) -> Outcome {
    let name = account_name(args.account.as_deref())?;
    let path = place()?;
    // Where nothing is kept, nothing is made.
    let is_kept = Credentials::read(&path)?.key(&name).is_some();
    if !is_kept || !Credentials::change(&path, |stored| stored.remove(&name))? {
        context.terminal.line(&format!("No key is kept for the account \"{name}\"."));
        return Ok(Exit::Done);
    }
    context.terminal.line(&format!(
        "The key of the account \"{name}\" is forgotten here. It is valid until it is removed in Account Settings, Subaccounts."
    ));
    Ok(Exit::Done)
}

fn place() -> Result<PathBuf, Failure> {
    Credentials::place()?.ok_or_else(|| {
        let detail = "Neither XDG_CONFIG_HOME nor HOME names a directory.";
        Diagnostic::error("No place for keys", detail)
            .with_hint("Set one, or give the key in SIMPLEPOD_API_KEY.")
            .into()
    })
}

fn read() -> Result<Option<String>, Failure> {
    let mut text = String::new();
    std::io::stdin().take(MOST).read_to_string(&mut text).map_err(|error| {
        Failure::from(Diagnostic::error("No key was read", format!("The standard input cannot be read: {error}.")))
    })?;
    Ok(Some(text))
}
