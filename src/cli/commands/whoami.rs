//! `podform whoami`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::cloud::fault::fault;
use crate::cloud::{CallError, Cloud as _, ErrorKind};
use crate::schema::dollars;
use clap::Args;
use serde_json::json;

/// `whoami`.
#[derive(Debug, Args)]
pub struct WhoamiArgs {
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Print JSON.
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// Shows whose key is used, and what it may read: the API has no list of permissions, so each list is asked for. What the key
/// may change cannot be told without changing something.
pub async fn run(args: &WhoamiArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    let who = opening.who(&at_hand)?;
    opening
        .reaching_any(&at_hand, async |client| {
            let waiting = Waiting::reading(context.terminal);
            let (account, machines, groups, offers) =
                futures::join!(client.account(), client.machines(), client.groups(), client.offers());
            let (billing, deposits) = futures::join!(client.billing(None), client.deposits());
            drop(waiting);
            if let Err(error) = &account
                && error.kind != ErrorKind::Forbidden
            {
                return Err(Failure::from(fault("Reading the balance", error)));
            }
            let lists: [(&str, Option<&CallError>); 6] = [
                ("balance", account.as_ref().err()),
                ("machines", machines.as_ref().err()),
                ("template groups", groups.as_ref().err()),
                ("market", offers.as_ref().err()),
                ("usage", billing.as_ref().err()),
                ("deposits", deposits.as_ref().err()),
            ];
            let answer = |error: Option<&CallError>| match error.map(|error| error.kind) {
                None => "readable",
                Some(ErrorKind::Forbidden | ErrorKind::Unauthorized) => "not permitted",
                Some(ErrorKind::Blocked) => "blocked before the API",
                Some(_) => "no answer",
            };
            let balance = account.as_ref().ok().and_then(|account| account.balance);
            let (endpoint, key) = (client.base_url(), client.account_fingerprint());
            if args.json {
                let may: serde_json::Map<String, serde_json::Value> =
                    lists.iter().map(|(name, error)| (name.replace(' ', "_"), json!(answer(*error)))).collect();
                context.terminal.json(
                    &json!({"format_version": "1.0", "account": who.account, "key_from": who.source, "key_fingerprint": key,
                        "endpoint": endpoint, "balance": balance.map(dollars), "lists": may})
                    .to_string(),
                );
                return Ok(Exit::Done);
            }
            let mut text = format!("Account   {}\n", who.account.as_deref().unwrap_or("(not named)"));
            text.push_str(&format!("Key       {key}, from {}\nEndpoint  {endpoint}\n", who.source));
            let balance = balance.map_or_else(|| "(not told)".to_owned(), |usd| format!("{usd:.2}"));
            text.push_str(&format!("Balance   {balance}\n"));
            for (at, (name, error)) in lists.iter().enumerate() {
                let head = if at == 0 { "May read" } else { "" };
                text.push_str(&format!("{head:<10}{name:<16}{}\n", answer(*error)));
            }
            context.terminal.print(&text);
            Ok(Exit::Done)
        })
        .await
}
