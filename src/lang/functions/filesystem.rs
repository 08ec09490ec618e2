//! Files and paths. Reading goes through the effects; paths are text, in the form of Unix.

use super::CallError;
use super::signature::{Args, Function, Outcome, Param, Shape, function, param};
use crate::lang::types::Type;
use crate::lang::value::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const PATH: &[Param] = &[param("path", Shape::String)];

pub(super) const FUNCTIONS: &[Function] = &[
    function("abspath", PATH, Shape::String, |args: &Args<'_>| {
        args.effects.absolute(args.text(0)).map(|path| Value::string(clean(&path))).map_err(CallError::call)
    }),
    function("basename", PATH, Shape::String, |args: &Args<'_>| Ok(Value::string(base_name(args.text(0))))),
    function("dirname", PATH, Shape::String, |args: &Args<'_>| Ok(Value::string(dir_name(args.text(0))))),
    function("file", PATH, Shape::String, |args: &Args<'_>| Ok(Value::string(read_text(args)?))),
    function("filebase64", PATH, Shape::String, |args: &Args<'_>| Ok(Value::string(STANDARD.encode(read(args)?)))),
    function("fileexists", PATH, Shape::Bool, |args: &Args<'_>| {
        let path = located(args, args.text(0))?;
        args.effects.file_exists(&path).map(Value::bool).map_err(CallError::call)
    }),
    function("fileset", &[param("path", Shape::String), param("pattern", Shape::String)], Shape::StringSet, file_set),
    function("pathexpand", PATH, Shape::String, |args: &Args<'_>| Ok(Value::string(expand(args, args.text(0))?))),
];

/// The bytes of the file that the first argument names.
pub(super) fn read(args: &Args<'_>) -> Result<Vec<u8>, CallError> {
    let path = located(args, args.text(0))?;
    args.effects.read_file(&path).map_err(|error| {
        CallError::argument(0, match args.effects.file_exists(&path) {
            Ok(false) => format!(
                "no file exists at {path:?}; this function works only with files that stand beside the configuration before anything is applied"
            ),
            _ => format!("failed to read file: {error}"),
        })
    })
}

/// The text of the file that the first argument names.
pub(super) fn read_text(args: &Args<'_>) -> Result<String, CallError> {
    String::from_utf8(read(args)?).map_err(|_| {
        let message = format!(
            "contents of {:?} are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded contents or \
             the other file functions (e.g. filesha256) to obtain file hashing results instead",
            args.text(0)
        );
        CallError::argument(0, message)
    })
}

fn expand(args: &Args<'_>, path: &str) -> Result<String, CallError> {
    let Some(rest) = path.strip_prefix('~') else { return Ok(path.to_owned()) };
    if !rest.is_empty() && !rest.starts_with('/') {
        return Err(CallError::call("cannot expand user-specific home dir"));
    }
    match args.effects.home() {
        Some(home) => Ok(clean(&format!("{home}/{rest}"))),
        None => Err(CallError::call("there is no home directory")),
    }
}

/// Where something is looked for: nothing is the directory itself.
fn located(args: &Args<'_>, path: &str) -> Result<String, CallError> {
    let path = expand(args, path)?;
    Ok(if path.is_empty() { ".".to_owned() } else { path })
}

fn file_set(args: &Args<'_>) -> Outcome {
    let path = located(args, args.text(0))?;
    let found = args.effects.fileset(&path, args.text(1));
    let names =
        found.map_err(|error| CallError::call(format!("failed to glob pattern {:?}: {error}", args.text(1))))?;
    Ok(Value::set(Type::String, names.into_iter().map(Value::string).collect()))
}

/// The shortest path that means the same: without `.`, `..` and doubled slashes where they can go.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            _ => kept.push(part),
        }
    }
    match (rooted, kept.is_empty()) {
        (true, _) => format!("/{}", kept.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => kept.join("/"),
    }
}

fn base_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match (path.is_empty(), trimmed.is_empty()) {
        (true, _) => ".",
        (false, true) => "/",
        (false, false) => trimmed.rsplit('/').next().unwrap_or(trimmed),
    }
}

fn dir_name(path: &str) -> String {
    clean(path.rfind('/').map_or("", |slash| &path[..=slash]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cut_as_terraform_cuts_them() {
        for (path, base, dir) in [
            ("/a/b/c.txt", "c.txt", "/a/b"),
            ("", ".", "."),
            ("/", "/", "/"),
            ("a/", "a", "a"),
            ("a", "a", "."),
            ("a//b/../c/", "c", "a/c"),
            ("../x", "x", ".."),
        ] {
            assert_eq!((base_name(path), dir_name(path).as_str()), (base, dir), "{path}");
        }
    }
}
