//! `podform fmt`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::config::Module;
use crate::diag::Diagnostic;
use crate::lang::format::format;
use crate::session::{own_file, text, variables};
use clap::Args;
use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// `fmt`.
#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Files, or directories whose *.hcl files are meant; "-" for the standard input. Without any: this directory.
    #[arg(value_name = "TARGET")]
    pub targets: Vec<PathBuf>,
    /// Print the names of the files that were not in form.
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1, require_equals = true, action = clap::ArgAction::Set)]
    pub list: bool,
    /// Write the files.
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1, require_equals = true, action = clap::ArgAction::Set)]
    pub write: bool,
    /// Write nothing; exit with 3 where a file is not in form.
    #[arg(long)]
    pub check: bool,
    /// Show what changes.
    #[arg(long)]
    pub diff: bool,
    /// Go into directories below.
    #[arg(long)]
    pub recursive: bool,
}

/// How long the diff of a file may search for the shortest form while somebody waits; then it is longer.
const DIFF_PATIENCE: Duration = Duration::from_secs(2);

/// What is done with a file that is not in form.
#[derive(Clone, Copy)]
struct Doing {
    list: bool,
    write: bool,
    diff: bool,
    /// Nothing of the above: the formatted text is printed, whether it changed or not.
    print: bool,
}

/// Brings files into the canonical form. Files that cannot be read are left as they are, and the others go on.
pub fn run(args: &FmtArgs, context: &mut Context) -> Outcome {
    let stdin = args.targets.first().is_some_and(|target| target == Path::new("-"));
    let list = args.list && !stdin;
    let write = args.write && !stdin && !args.check;
    let doing = Doing { list, write, diff: args.diff, print: !(list || write || args.diff || args.check) };
    let mut changed = false;
    if stdin {
        let mut bytes = Vec::new();
        if let Err(error) = std::io::stdin().lock().read_to_end(&mut bytes) {
            let detail = format!("The standard input cannot be read: {error}.");
            return Err(Diagnostic::error("Unreadable input", detail).into());
        }
        match String::from_utf8(bytes) {
            Ok(text) => changed |= one(Path::new("<stdin>"), text.into(), doing, context),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let detail = format!("The standard input is not valid UTF-8 from byte {at} on.");
                context.diags.push(Diagnostic::error("Unreadable input", detail));
            }
        }
    } else {
        let here = [PathBuf::from(".")];
        for path in files(if args.targets.is_empty() { &here } else { &args.targets }, args.recursive, context) {
            if let Some(text) = text(&path, own_file, &mut context.diags) {
                changed |= one(&path, text, doing, context);
            }
        }
    }
    Ok(match changed && args.check {
        _ if context.diags.has_errors() => Exit::Error,
        true => Exit::Unformatted,
        false => Exit::Done,
    })
}

/// The files of directories and files, in the order of their names.
fn files(targets: &[PathBuf], recursive: bool, context: &mut Context) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for target in targets {
        let name = target.to_string_lossy();
        if target.is_dir() {
            directory(target, recursive, &mut files, context);
        } else if !target.exists() {
            let detail = format!("There is no file or directory \"{name}\".");
            context.diags.push(Diagnostic::error("No file or directory", detail));
        } else if name.ends_with(".hcl") {
            files.push(target.clone());
        } else {
            let detail = format!("\"{name}\" is no *.hcl file: only these are formatted.");
            context.diags.push(Diagnostic::error("Unsupported file", detail));
        }
    }
    files
}

fn directory(directory: &Path, recursive: bool, files: &mut Vec<PathBuf>, context: &mut Context) {
    let entries = std::fs::read_dir(directory)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.file_name())).collect());
    let mut names: Vec<OsString> = match entries {
        Ok(names) => names,
        Err(error) => {
            let detail = format!("The directory \"{}\" cannot be read: {error}.", directory.display());
            return context.diags.push(Diagnostic::error("Unreadable directory", detail));
        }
    };
    // What editors leave behind, as in Terraform.
    names.retain(|name| {
        let name = name.to_string_lossy();
        !(name.starts_with('.') || name.ends_with('~') || name.starts_with('#') && name.ends_with('#'))
    });
    names.sort();
    for name in names {
        let path = directory.strip_prefix(".").unwrap_or(directory).join(&name);
        // A link to a directory may lead in a circle.
        if path.is_dir() {
            if recursive && !path.is_symlink() {
                self::directory(&path, recursive, files, context);
            }
        } else if path.extension().is_some_and(|extension| extension == "hcl") {
            files.push(path);
        }
    }
}

/// Formats one text; true where it was not in form.
fn one(at: &Path, text: Arc<str>, doing: Doing, context: &mut Context) -> bool {
    let path = &*at.to_string_lossy();
    // Diagnostics draw no value of a variables file: it may be a secret.
    let drawn = match path.ends_with(".vars.hcl") {
        true => variables::shown(&text, &Module::default()).into(),
        false => text.clone(),
    };
    let file = context.sources.add(path, drawn);
    let Some(formatted) = format(file, &text, &mut context.diags) else { return false };
    if doing.print {
        // The standard output ends with a line end, whatever the text does; so does Terraform's.
        match formatted.ends_with('\n') {
            true => context.terminal.print(&formatted),
            false => context.terminal.line(&formatted),
        }
    }
    if *formatted == *text {
        return false;
    }
    if doing.list {
        context.terminal.line(path);
    }
    if doing.write
        && let Err(error) = replace(at, &formatted)
    {
        let detail = format!("\"{path}\" cannot be written: {error}. It is as it was.");
        context.diags.push(Diagnostic::error("Unwritable file", detail));
    }
    if doing.diff {
        let mut diff = similar::TextDiff::configure();
        let diff = diff.timeout(DIFF_PATIENCE).diff_lines(&*text, &formatted);
        let (old, new) = (format!("old/{path}"), format!("new/{path}"));
        context.terminal.print(&diff.unified_diff().header(&old, &new).to_string());
    }
    true
}

/// Puts a file in the place of another, with its mode. A link stays one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let path = path.canonicalize()?;
    let mode = std::fs::metadata(&path)?.permissions();
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(mode)?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}
