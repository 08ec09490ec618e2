//! `podform doctor`.

use crate::cli::commands_here::told;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::cloud::Cloud as _;
use crate::cloud::fault::fault;
use crate::diag::{Diagnostic, Diagnostics, Severity, Sources};
use crate::render::{Finding, Standing, count, findings_json, findings_text};
use crate::session::stored::{Keeper, StatePlace};
use crate::session::{self, AtHand, Chosen, Opening, WORKSPACE_VARIABLE};
use crate::state::verify;
use crate::store::{LockInfo, StateStore};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use std::path::Path;
use std::time::Instant;

/// Seconds by which clocks may differ: times that a plan tells are then wrong by less than anybody reads.
const APART: i64 = 60;
/// Columns below which tables lose columns.
const NARROW: usize = 80;

/// `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
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

/// Looks at everything that podform needs, and tells of each how it stands and what to do. Changes nothing; what is missing
/// is told, and the rest looked at. Exit code 1 where an error stands.
pub async fn run(args: &DoctorArgs, context: &mut Context) -> Outcome {
    let opening = args.variables.opening(args.account.choice(), 0);
    let configuration = configuration(context);
    let is_unread = configuration.standing == Standing::Error;
    let mut found = vec![version(), configuration];
    let place = opening.account.place();
    found.extend(kept(&place));
    found.extend(state(&place).await);
    found.push(in_doubt(&opening).await);
    found.extend(way());
    match opening.at_hand(&mut context.sources, &mut Diagnostics::new()).await {
        Ok(at_hand) => {
            found.extend(is_unread.then(|| {
                warning(
                    "account",
                    "the configuration cannot be read: what follows goes by the environment alone, whatever a provider block says",
                    "Correct the configuration, then look again.",
                )
            }));
            let _waiting = Waiting::reading(context.terminal);
            found.extend(account(&opening, &at_hand).await);
        }
        // Whose account is meant is not known then, and the key at hand may be that of another one.
        Err(failure) => found.push(wrong("account", &failure.diags)),
    }
    found.push(terminal(context));
    match args.json {
        true => context.terminal.json(&findings_json(&found).to_string()),
        false => context.terminal.print(&findings_text(&found, context.terminal.out)),
    }
    let wrong = found.iter().any(|found| found.standing == Standing::Error);
    Ok(if wrong { Exit::Error } else { Exit::Done })
}

fn ok(what: &'static str, told: impl Into<String>) -> Finding {
    Finding { what, standing: Standing::Ok, told: told.into(), next: None }
}

fn warning(what: &'static str, told: impl Into<String>, next: &str) -> Finding {
    Finding { what, standing: Standing::Warning, told: told.into(), next: Some(self::told(next).into_owned()) }
}

/// The first of some errors, with what its diagnostic says is to be done.
fn wrong(what: &'static str, diags: &Diagnostics) -> Finding {
    let first = diags.iter().find(|told| told.severity == Severity::Error).or_else(|| diags.iter().next());
    let (text, next) = first.map_or_else(Default::default, |one: &Diagnostic| {
        (format!("{}: {}", one.summary, one.detail), one.hint.as_ref().map(ToString::to_string))
    });
    Finding { what, standing: Standing::Error, told: text, next: next.map(|next| told(&next).into_owned()) }
}

fn version() -> Finding {
    ok(
        "version",
        format!("podform v{} on {}_{}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH),
    )
}

fn configuration(context: &mut Context) -> Finding {
    if !session::is_fleet(Path::new(".")) {
        return ok("configuration", "no fleet in this directory");
    }
    let (mut diags, mut sources) = (Diagnostics::new(), Sources::default());
    session::read(&mut sources, &mut diags);
    std::mem::swap(&mut context.sources, &mut sources);
    match diags.has_errors() {
        true => {
            let mut found = wrong("configuration", &diags);
            found.next.get_or_insert_with(|| told("podform validate shows every error with its place.").into_owned());
            found
        }
        false => ok("configuration", "can be read; podform validate checks what it says"),
    }
}

/// Who keeps the state, and of which workspace.
fn kept(place: &StatePlace) -> Vec<Finding> {
    let backend = match place.keeper() {
        Err(failure) => wrong("backend", &failure.diags),
        Ok(Keeper::Simulator) => ok("backend", "none: the simulator keeps its state in state/sandbox"),
        Ok(Keeper::File(file)) => ok("backend", format!("none: -state names the file {}", file.display())),
        Ok(Keeper::Directory) => {
            ok("backend", "none is declared: the state is kept in state/, for this directory alone")
        }
        Ok(Keeper::Backend(kind)) => match place.backend() {
            Ok(backend) => ok("backend", format!("\"{}\", opened by init: {}", kind.name(), backend.place())),
            Err(failure) => wrong("backend", &failure.diags),
        },
    };
    let workspace = match session::workspace() {
        Err(error) => wrong("workspace", &error.into()),
        Ok(Chosen { name, by_environment: true }) => ok("workspace", format!("{name}, by {WORKSPACE_VARIABLE}")),
        Ok(Chosen { name, by_environment: false }) => ok("workspace", name),
    };
    vec![backend, workspace]
}

async fn state(place: &StatePlace) -> Vec<Finding> {
    // Of whom nothing is known was told.
    let Ok(keeper) = place.keeper() else { return Vec::new() };
    let store = match place.store() {
        Ok(store) => store,
        Err(failure) => return vec![wrong("state", &failure.diags)],
    };
    let state = match keeper.is_local() {
        true => looked_through(&*store).await,
        // All that was ever written there may be much, and far away.
        false => read(place).await,
    };
    let lock = match store.holder().await {
        Err(error) => wrong("lock", &session::stored::failure(&error).diags),
        Ok(None) => ok("lock", "free"),
        Ok(Some(LockInfo { operation, who, pid, created, id, .. })) => warning(
            "lock",
            format!("held by {operation} of {who}, process {pid}, since {}", created.strftime("%Y-%m-%d %H:%M:%S UTC")),
            &format!(
                "Wait for it, with -lock-timeout; podform force-unlock {id} takes the lock of a run that died elsewhere."
            ),
        ),
    };
    vec![state, lock]
}

/// Everything that is there.
async fn looked_through(store: &dyn StateStore) -> Finding {
    let remains = match store.remains().await {
        Err(error) => return wrong("state", &session::stored::failure(&error).diags),
        Ok(remains) if remains.state.is_none() && remains.journal.is_empty() => {
            return ok("state", "nothing is recorded here");
        }
        Ok(remains) => remains,
    };
    match verify(&remains).faults.first() {
        None => ok("state", format!("state, journal and {} hold together", count(remains.backups.len(), "backup"))),
        Some(fault) => Finding {
            what: "state",
            standing: Standing::Error,
            told: format!("{}: {}", fault.file, fault.what),
            next: Some(told("podform state verify shows all, podform state repair mends it.").into_owned()),
        },
    }
}

/// What every command reads.
async fn read(place: &StatePlace) -> Finding {
    let began = Instant::now();
    match session::stored::read(place).await {
        Err(failure) => wrong("state", &failure.diags),
        Ok((state, _)) if state.lineage.is_empty() => ok("state", "nothing is recorded there"),
        Ok((state, _)) => ok(
            "state",
            format!(
                "can be read: serial {}, {}, in {} ms; podform state verify looks through all of it",
                state.serial,
                count(state.objects().count(), "object"),
                began.elapsed().as_millis()
            ),
        ),
    }
}

async fn in_doubt(opening: &Opening) -> Finding {
    let Ok((state, _)) = session::stored::read(&opening.account.place()).await else {
        let next = "podform state verify shows what is wrong with the state.";
        return warning("in doubt", "not known: the state cannot be read", next);
    };
    match state.open.len() {
        0 => ok("in doubt", "no call whose outcome is not known"),
        open => warning(
            "in doubt",
            format!("{open} of the calls of earlier runs have no known outcome"),
            "podform recover settles them by looking.",
        ),
    }
}

/// What the environment says of the way to the API.
fn way() -> Vec<Finding> {
    let set = |names: &[&'static str]| {
        names.iter().copied().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    };
    // Its address may hold a password.
    let proxy = match set(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) {
        None => ok("proxy", "none"),
        Some(name) => ok("proxy", format!("that of {name}, but for the hosts of NO_PROXY")),
    };
    let missing = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .find(|name| std::env::var_os(name).is_some_and(|path| !path.is_empty() && !Path::new(&path).exists()));
    let authorities = match (missing, set(&["SSL_CERT_FILE", "SSL_CERT_DIR"])) {
        (Some(name), _) => warning(
            "authorities",
            format!("{name} names nothing that is there"),
            "Name a file of certificates, or unset it.",
        ),
        (None, Some(name)) => ok("authorities", format!("those of {name}")),
        (None, None) => ok("authorities", "the system's"),
    };
    vec![proxy, authorities]
}

async fn account(opening: &Opening, at_hand: &AtHand) -> Vec<Finding> {
    let who = match opening.who(at_hand) {
        Ok(who) => who,
        Err(failure) => return vec![wrong("key", &failure.diags)],
    };
    let began = Instant::now();
    let asked = opening
        .reaching_any(at_hand, async |client| {
            let answer = client.machines().await;
            Ok::<_, Failure>((client.base_url().to_owned(), client.account_fingerprint(), answer))
        })
        .await;
    let took = began.elapsed().as_millis();
    let (endpoint, key, answer) = match asked {
        Ok(asked) => asked,
        Err(failure) => return vec![wrong("endpoint", &failure.diags)],
    };
    let named = who.account.map(|name| format!(" (account \"{name}\")")).unwrap_or_default();
    let mut found = vec![ok("key", format!("{key}, from {}{named}", who.source)), ok("endpoint", endpoint)];
    match answer {
        Err(error) => found.push(wrong("API", &fault("Reading the list of machines", &error).into())),
        Ok(machines) => {
            found.push(ok("API", format!("accepts the key; {} machines, answered in {took} ms", machines.rows.len())));
            // The simulator has a time of its own.
            found.extend((!opening.account.sandbox).then(|| clock(machines.as_of)));
        }
    }
    if let Err(failure) = opening.same_account(at_hand).await {
        found.push(wrong("account", &failure.diags));
    }
    found
}

fn clock(server: Option<Timestamp>) -> Finding {
    let Some(server) = server else { return ok("clock", "the server tells no time to compare with") };
    let apart = Timestamp::now().duration_since(server);
    match apart.abs() > SignedDuration::from_secs(APART) {
        true => warning(
            "clock",
            format!("{} s apart from the server's", apart.as_secs()),
            "Set this computer's clock: ages, schedules and expiries are measured with it.",
        ),
        false => ok("clock", "agrees with the server's"),
    }
}

fn terminal(context: &Context) -> Finding {
    let style = context.terminal.out;
    if style.endless {
        return ok("terminal", "the output is no terminal: no colours unless asked for, and rows are not cut");
    }
    let colours = if style.color { "with" } else { "without" };
    let text = format!("{} columns, {colours} colours", style.width);
    match style.width < NARROW {
        true => warning("terminal", text, "Tables leave out columns here; -wide shows them all."),
        false => ok("terminal", text),
    }
}
