//! `csvdecode`.
//!
//! Terraform reads CSV strictly: a quote stands only where a field starts or ends. Libraries repair such faults instead
//! of naming them, hence the reader of our own.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::lang::types::Type;
use crate::lang::value::Value;
use std::collections::HashSet;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] =
    &[function("csvdecode", &[param("str", Shape::String)], Shape::Any, csv_decode)];

fn csv_decode(args: &Args<'_>) -> Outcome {
    let mut reader = Reader { rest: args.text(0), line: 0 };
    let Some(header) = reader.record()? else { return Err(CallError::call("missing header line")) };
    let mut seen = HashSet::new();
    if let Some(twice) = header.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(CallError::call(format!("duplicate column name {twice:?}")));
    }
    let header: Vec<Arc<str>> = header.into_iter().map(Arc::from).collect();
    let mut rows = Vec::new();
    while let Some(record) = reader.record()? {
        if record.len() != header.len() {
            return Err(reader.error("wrong number of fields"));
        }
        rows.push(Value::object(header.iter().cloned().zip(record.iter().map(Value::string))));
    }
    Ok(Value::list(Type::object(header.iter().map(|name| (name.clone(), Type::String))), rows))
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, message: &str) -> CallError {
        CallError::call(format!("CSV parse error on line {}: {message}", self.line))
    }

    /// The next line with its end, which is a line feed always.
    fn next_line(&mut self) -> Option<String> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let (line, rest) = match self.rest.find('\n') {
            Some(end) => self.rest.split_at(end + 1),
            None => (self.rest, ""),
        };
        self.rest = rest;
        Some(match line.strip_suffix("\r\n").or_else(|| rest.is_empty().then(|| line.strip_suffix('\r')).flatten()) {
            Some(text) if line.ends_with('\n') => format!("{text}\n"),
            Some(text) => text.to_owned(),
            None => line.to_owned(),
        })
    }

    /// The fields of the next line that is not empty; quoted ones may go on over further lines.
    fn record(&mut self) -> Result<Option<Vec<String>>, CallError> {
        let mut line = loop {
            match self.next_line() {
                None => return Ok(None),
                Some(line) if line == "\n" => {}
                Some(line) => break line,
            }
        };
        let mut fields = Vec::new();
        let mut at = 0;
        loop {
            let here = line.get(at..).unwrap_or_default();
            let Some(quoted) = here.strip_prefix('"') else {
                let end = here.find(',');
                let field = end.map_or_else(|| here.strip_suffix('\n').unwrap_or(here), |end| &here[..end]);
                if field.contains('"') {
                    return Err(self.error("bare \" in non-quoted field"));
                }
                fields.push(field.to_owned());
                match end {
                    Some(end) => at += end + 1,
                    None => return Ok(Some(fields)),
                }
                continue;
            };
            let mut field = String::new();
            let mut inside = quoted.to_owned();
            loop {
                let Some((text, after)) = inside.split_once('"') else {
                    field.push_str(&inside);
                    inside = self.next_line().ok_or_else(|| self.error("extraneous or missing \" in quoted-field"))?;
                    continue;
                };
                field.push_str(text);
                let after = after.to_owned();
                if let Some(after) = after.strip_prefix('"') {
                    field.push('"');
                    inside = after.to_owned();
                } else if let Some(after) = after.strip_prefix(',') {
                    line = after.to_owned();
                    at = 0;
                    fields.push(field);
                    break;
                } else if after.is_empty() || after == "\n" {
                    fields.push(field);
                    return Ok(Some(fields));
                } else {
                    return Err(self.error("extraneous or missing \" in quoted-field"));
                }
            }
        }
    }
}
