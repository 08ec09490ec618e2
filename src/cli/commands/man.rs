//! `podform man`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::help::examples;
use crate::diag::Diagnostic;
use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io;
use std::path::{Path, PathBuf};

/// When what the pages say was changed last. That of a build would make every build another one.
const DATE: &str = "2026-11-29";
/// The bytes of a line of a page's source.
const LINE: usize = 80;

/// `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write one page for the program and one for each command into this directory, which is made where it is missing.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Whose page is printed; without it, the program's.
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    pub command: Vec<String>,
}

/// Prints a page of the manual, or writes all of them.
pub fn run(args: &ManArgs, context: &Context) -> Outcome {
    let mut command = (context.parser)();
    command.build();
    match &args.out {
        None => {
            let meant = args.command.iter().try_fold(&command, |above, name| above.find_subcommand(name));
            let Some(meant) = meant else {
                let detail = format!("There is no command \"{}\".", args.command.join(" "));
                return Err(Diagnostic::error("No such command", detail).into());
            };
            context.terminal.print(&page(meant).map_err(|error| failed(Path::new("standard output"), &error))?);
        }
        Some(dir) => {
            std::fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
            write_all(&command, dir)?;
        }
    }
    Ok(Exit::Done)
}

fn failed(place: &Path, error: &io::Error) -> Failure {
    let detail = format!("{} cannot be written: {error}.", place.display());
    Diagnostic::error("Manual cannot be written", detail).into()
}

fn write_all(command: &Command, dir: &Path) -> Result<(), Failure> {
    let path = dir.join(format!("{}.1", name(command)));
    page(command).and_then(|page| std::fs::write(&path, page)).map_err(|error| failed(&path, &error))?;
    shown(command).try_for_each(|below| write_all(below, dir))
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
}

/// `podform-state-rm`.
fn name(command: &Command) -> String {
    command.get_bin_name().unwrap_or("podform").replace(' ', "-")
}

fn page(command: &Command) -> io::Result<String> {
    let name = name(command);
    // Pages of the commands below have their place among the references; the parser's own help has none.
    let man = Man::new(command.clone().disable_help_subcommand(true))
        .title(name.to_uppercase())
        .date(DATE)
        .source(concat!("podform ", env!("CARGO_PKG_VERSION")))
        .manual("podform manual");
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    let mut head = Roff::new();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let about = about.lines().next().unwrap_or_default();
    head.control("SH", ["NAME"]).text([roman(format!("{name} - {}", about.trim_end_matches('.')))]);
    head.to_writer(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    let mut more = Roff::new();
    let examples = examples(command.get_name());
    if !examples.is_empty() {
        more.control("SH", ["EXAMPLES"]);
        for (line, what) in examples {
            more.control("TP", []).text([bold(*line)]).text([roman(*what)]);
        }
    }
    more.to_writer(&mut out)?;
    man.render_options_section(&mut out)?;
    let mut more = Roff::new();
    let below: Vec<&Command> = shown(command).collect();
    if !below.is_empty() {
        more.control("SH", ["COMMANDS"]);
        for one in below {
            let about = one.get_about().map(ToString::to_string).unwrap_or_default();
            more.control("TP", []).text([bold(one.get_name()), roman(", see "), bold(self::name(one)), roman("(1)")]);
            more.text([roman(about)]);
        }
    }
    if let Some(extra) = command.get_after_help() {
        more.control("SH", ["ENVIRONMENT"]).text([roman(extra.to_string())]);
    }
    more.to_writer(&mut out)?;
    let text = String::from_utf8_lossy(&out).replace("\\-\\-", "\\-");
    Ok(tidy(&text))
}

/// Without what mandoc and groff warn of: breaks beside space, blanks at the ends of lines, long lines.
fn tidy(page: &str) -> String {
    let lines: Vec<&str> = page.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let mut out = String::with_capacity(page.len());
    for (at, line) in lines.iter().enumerate() {
        let beside = |at: Option<usize>, what| at.and_then(|at| lines.get(at)).is_some_and(|line| *line == what);
        let (before, after) = (at.checked_sub(1), Some(at + 1));
        if *line == ".br" && (beside(before, ".sp") || beside(before, ".br") || beside(after, ".sp")) {
            continue;
        }
        if line.starts_with('.') {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let mut width = 0;
        for word in line.split(' ') {
            if width > 0 && width + 1 + word.len() > LINE {
                out.push('\n');
                width = 0;
                // There it would be a request.
                if word.starts_with(['.', '\'']) {
                    out.push_str("\\&");
                    width = 2;
                }
            } else if width > 0 {
                out.push(' ');
                width += 1;
            }
            out.push_str(word);
            width += word.len();
        }
        out.push('\n');
    }
    out
}
