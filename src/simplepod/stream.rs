//! The body of a success, taken in while it arrives. A list is read row by row, so that its length costs nothing but its
//! rows; an object is held whole, and so is a list inside of one.

use super::ends::{Inside, objects, text_of};
use super::field::{self, Row};
use crate::http::{Stop, hold, too_long};
use crate::lang::stack::each_at_once;
use serde_json::value::RawValue;
use std::ops::ControlFlow;

/// The longest row. A machine shows its script and the tails of two consoles (API sheet §3.9): far below a megabyte.
const LONGEST_ROW: usize = 4 << 20;
/// Rows of one answer. A market has tens of thousands; a server that never ends must not take all memory.
const MOST_ROWS: usize = 1_000_000;
/// How many bytes of a list are kept as they came, for the log and for messages: about what the log writes of a body.
const SAMPLE: usize = 16_000;

/// What is wrong with a body, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong(pub(super) &'static str);

/// What is made of a body.
pub(super) trait Reader {
    /// What comes out.
    type Value;

    /// Takes the next piece.
    fn take(&mut self, piece: &[u8]) -> ControlFlow<Stop>;

    /// The value, or what is wrong with the body.
    fn end(&mut self) -> Result<Self::Value, Wrong>;

    /// The body, or the beginning of a list.
    fn sample(self) -> Vec<u8>;
}

/// One value.
pub(super) struct Whole<F> {
    body: Vec<u8>,
    limit: usize,
    parse: F,
}

impl<F> Whole<F> {
    /// Of at most so many bytes; `parse` says what is wrong with the value.
    pub(super) fn new(limit: usize, parse: F) -> Self {
        Self { body: Vec::new(), limit, parse }
    }
}

fn json(body: &[u8]) -> Result<&RawValue, Wrong> {
    serde_json::from_slice(body).map_err(|error| match error.is_eof() && !body.is_empty() {
        true => CUT_OFF,
        false => NO_JSON,
    })
}

const CUT_OFF: Wrong = Wrong("the JSON is cut off");
const NO_LIST: Wrong = Wrong("the answer is no list");
const NO_JSON: Wrong = Wrong("the answer is no JSON");

impl<T, F: Fn(&RawValue) -> Result<T, Wrong>> Reader for Whole<F> {
    type Value = T;

    fn take(&mut self, piece: &[u8]) -> ControlFlow<Stop> {
        hold(&mut self.body, piece, self.limit)
    }

    fn end(&mut self) -> Result<T, Wrong> {
        (self.parse)(json(&self.body)?)
    }

    fn sample(self) -> Vec<u8> {
        self.body
    }
}

/// The rows of a list: what `read` makes of the text of each, and of its fields where it is an object.
pub(super) struct Rows<T, F> {
    rows: Vec<T>,
    /// Of a body that is held whole, in bytes.
    limit: usize,
    /// Reads one, or says what is wrong with the list.
    read: F,
    /// Nothing but an empty object is an empty list.
    empty_object: bool,
    /// Read on two processors.
    is_urgent: bool,
    at: At,
    /// Bytes that belong to no row: blanks without end are no answer either.
    between: usize,
    /// The row that goes on in the next piece; the body, where it is no array.
    held: Vec<u8>,
    fault: Option<Wrong>,
    sample: Vec<u8>,
}

/// Where the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    /// Before the list.
    Start,
    /// The body is no array.
    Whole,
    /// Before the first row, or the end.
    First,
    /// Before a row.
    Next,
    /// Inside of a row.
    Row(Inside),
    /// Behind a row.
    Behind,
    /// Behind the list.
    End,
}

impl<T: Send, F: Fn(&str, Option<Row<'_>>) -> Result<Option<T>, Wrong> + Sync> Rows<T, F> {
    /// A list that is no array has at most so many bytes; `read` says what is wrong with the whole list, or that a row is
    /// none.
    pub(super) fn new(limit: usize, read: F) -> Self {
        let (rows, held, sample) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            rows,
            limit,
            read,
            empty_object: false,
            is_urgent: false,
            at: At::Start,
            between: 0,
            held,
            fault: None,
            sample,
        }
    }

    /// The same, with room for so many rows: a long list is not moved while it grows.
    pub(super) fn of_about(self, rows: usize) -> Self {
        Self { rows: Vec::with_capacity(rows.min(MOST_ROWS)), ..self }
    }

    /// The same, for whoever has nothing else to do: of many rows half are read on a thread beside.
    pub(super) fn urgently(self, is_urgent: bool) -> Self {
        Self { is_urgent, ..self }
    }

    /// The same, for a list that may be an empty object when it is empty.
    pub(super) fn or_empty_object(self) -> Self {
        Self { empty_object: true, ..self }
    }

    /// Objects that were found together.
    fn together(&mut self, objects: &[&str]) -> ControlFlow<Stop> {
        let object = |read: &F, text: &str| read(text, Some(serde_json::from_str(text).map_err(|_| NO_JSON)?));
        if self.is_urgent {
            for (text, read) in objects.iter().zip(each_at_once(objects, |text| object(&self.read, text))) {
                self.row(text, read)?;
            }
        } else {
            for text in objects {
                self.row(text, object(&self.read, text))?;
            }
        }
        ControlFlow::Continue(())
    }

    /// A row that was found by its end.
    fn found(&mut self, row: &[u8]) -> ControlFlow<Stop> {
        match serde_json::from_slice::<&RawValue>(row) {
            Ok(value) => self.row(value.get(), (self.read)(value.get(), Row::of(value))),
            Err(_) => self.wrong(NO_JSON),
        }
    }

    fn row(&mut self, text: &str, row: Result<Option<T>, Wrong>) -> ControlFlow<Stop> {
        if self.sample.len() + text.len() < SAMPLE {
            self.sample.push(if self.sample.is_empty() { b'[' } else { b',' });
            self.sample.extend_from_slice(text.as_bytes());
        }
        match row {
            Ok(_) if self.rows.len() == MOST_ROWS => {
                ControlFlow::Break(Stop::TooLarge(format!("the answer has more than {MOST_ROWS} rows")))
            }
            Ok(row) => {
                self.rows.extend(row);
                ControlFlow::Continue(())
            }
            Err(why) => self.wrong(why),
        }
    }

    fn wrong(&mut self, why: Wrong) -> ControlFlow<Stop> {
        self.fault = Some(why);
        ControlFlow::Break(Stop::Enough)
    }
}

impl<T: Send, F: Fn(&str, Option<Row<'_>>) -> Result<Option<T>, Wrong> + Sync> Reader for Rows<T, F> {
    type Value = Vec<T>;

    fn take(&mut self, mut piece: &[u8]) -> ControlFlow<Stop> {
        // Once, and not for every name and value in it.
        let (text, length) = (text_of(piece), piece.len());
        while let Some(first) = piece.first() {
            if let At::Row(inside) = &mut self.at {
                let (length, ends) = inside.pass(piece);
                let (row, rest) = piece.split_at(length);
                piece = rest;
                let longest = LONGEST_ROW.min(self.limit);
                if self.held.len() + row.len() > longest {
                    let megabytes = longest >> 20;
                    let why = format!("a row of the answer is longer than {megabytes} MB");
                    return ControlFlow::Break(Stop::TooLarge(why));
                }
                if !ends {
                    self.held.extend_from_slice(row);
                    continue;
                }
                self.at = At::Behind;
                if self.held.is_empty() {
                    self.found(row)?;
                } else {
                    self.held.extend_from_slice(row);
                    let held = std::mem::take(&mut self.held);
                    self.found(&held)?;
                    self.held = held;
                    self.held.clear();
                }
                continue;
            }
            if self.at == At::Whole {
                return hold(&mut self.held, piece, self.limit);
            }
            self.at = match (self.at, first) {
                (at, b' ' | b'\n' | b'\r' | b'\t') => at,
                (At::Start, b'[') => At::First,
                (At::Start, _) => {
                    self.at = At::Whole;
                    continue;
                }
                (At::First | At::Behind, b']') => At::End,
                (At::Behind, b',') => At::Next,
                (At::First | At::Next, byte) if !matches!(byte, b',' | b']' | b'}') => {
                    let rest = text.get(length - piece.len()..).unwrap_or_default();
                    let objects = objects(rest, LONGEST_ROW.min(self.limit));
                    self.together(&objects)?;
                    // With the commas between them.
                    let taken = objects.iter().map(|object| object.len() + 1).sum::<usize>().saturating_sub(1);
                    piece = piece.get(taken..).unwrap_or_default();
                    self.at = if objects.is_empty() { At::Row(Inside::default()) } else { At::Behind };
                    continue;
                }
                _ => return self.wrong(NO_JSON),
            };
            self.between += 1;
            if self.between > self.limit {
                return too_long(self.limit);
            }
            piece = piece.get(1..).unwrap_or_default();
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self) -> Result<Vec<T>, Wrong> {
        if self.at == At::Whole {
            let body = std::mem::take(&mut self.held);
            let value = json(&body)?;
            let empty = self.empty_object && field::Row::of(value).is_some_and(|row| row.0.is_empty());
            let rows = if empty { Vec::new() } else { field::rows(value).ok_or(NO_LIST)? };
            for row in rows {
                self.rows.extend((self.read)(row.get(), Row::of(row))?);
            }
            self.sample = body;
        } else if !self.sample.is_empty() {
            self.sample.push(b']');
        }
        match (self.fault, self.at) {
            (Some(why), _) => Err(why),
            (None, At::End | At::Whole) => Ok(std::mem::take(&mut self.rows)),
            (None, At::Start) => Err(NO_JSON),
            (None, _) => Err(CUT_OFF),
        }
    }

    fn sample(self) -> Vec<u8> {
        self.sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: usize = 32 << 20;

    fn read(body: &[u8], step: usize) -> Result<Vec<String>, String> {
        read_as(false, body, step)
    }

    fn read_as(is_urgent: bool, body: &[u8], step: usize) -> Result<Vec<String>, String> {
        let read = |text: &str, _: Option<Row<'_>>| Ok(Some(text.to_owned()));
        let mut rows = Rows::new(LIMIT, read).urgently(is_urgent);
        for piece in body.chunks(step.max(1)) {
            match rows.take(piece) {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(Stop::TooLarge(why)) => return Err(why),
                ControlFlow::Break(Stop::Enough) => break,
            }
        }
        rows.end().map_err(|wrong| wrong.0.to_owned())
    }

    #[test]
    fn rows_are_found_wherever_the_pieces_end() {
        let body = br#" [ {"a":"]},\"[{","b":[1,{}]} ,2,"x,y\\", null,[],-1e3 ] "#;
        let rows = [r#"{"a":"]},\"[{","b":[1,{}]}"#, "2", r#""x,y\\""#, "null", "[]", "-1e3"];
        for step in 1..=body.len() {
            assert_eq!(read(body, step), Ok(rows.map(str::to_owned).to_vec()), "pieces of {step}");
        }
        assert_eq!(read(b"[]", 1), Ok(vec![]));
        assert_eq!(read(br#"{"member":[1,2]}"#, 3), Ok(vec!["1".into(), "2".into()]));
    }

    #[test]
    fn many_objects_come_in_their_order_and_the_first_wrong_one_is_told() {
        let row = |n: usize| format!(r#"{{"n":{n},"text":"}},{{","inside":[{{}},{{"n":[{n}]}}]}}"#);
        let rows: Vec<String> = (0..2_000).map(row).collect();
        let wrong: Vec<&str> = rows[..1_500].iter().map(String::as_str).chain(["{\"n\":}", "{}"]).collect();
        let (body, wrong) = (format!("[{}]", rows.join(",")), format!("[{}]", wrong.join(",")));
        for (is_urgent, step) in [(false, body.len()), (true, body.len()), (true, 50_000), (false, 50_000), (true, 77)]
        {
            assert_eq!(read_as(is_urgent, body.as_bytes(), step).as_ref(), Ok(&rows));
            assert_eq!(read_as(is_urgent, wrong.as_bytes(), step), Err(NO_JSON.0.to_owned()));
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (body, why) in [
            ("", NO_JSON),
            ("  ", NO_JSON),
            ("<html>", NO_JSON),
            ("[1", CUT_OFF),
            ("[1,", CUT_OFF),
            ("[{\"a\":1}", CUT_OFF),
            ("[\"a", CUT_OFF),
            ("[", CUT_OFF),
            ("{\"a\":", CUT_OFF),
            ("[1,,2]", NO_JSON),
            ("[1 2]", NO_JSON),
            ("[,1]", NO_JSON),
            ("[1,]", NO_JSON),
            ("[1]]", NO_JSON),
            ("[{]}]", NO_JSON),
            ("[1}", NO_JSON),
            ("[nul]", NO_JSON),
            ("{}", NO_LIST),
            ("null", NO_LIST),
        ] {
            for step in [1, 2, 100] {
                assert_eq!(read(body.as_bytes(), step), Err(why.0.to_owned()), "{body} in pieces of {step}");
            }
        }
    }

    #[test]
    fn one_row_is_bounded_and_a_list_is_not() {
        let long = format!("[\"{}\"]", "x".repeat(LONGEST_ROW));
        assert_eq!(read(long.as_bytes(), 1 << 16), Err("a row of the answer is longer than 4 MB".to_owned()));
        let row = format!("\"{}\",", "x".repeat(1 << 20));
        let many = format!("[{}1]", row.repeat(40));
        assert_eq!(read(many.as_bytes(), 1 << 16).map(|rows| rows.len()), Ok(41));
        let whole = format!("{{\"member\":[{}1]}}", row.repeat(40));
        let blank = " ".repeat(LIMIT + 1);
        assert_eq!(read(blank.as_bytes(), 1 << 16), Err("the answer is longer than 32 MB".to_owned()));
        assert_eq!(read(whole.as_bytes(), 1 << 16), Err("the answer is longer than 32 MB".to_owned()));
    }

    proptest! {
        #[test]
        fn a_list_is_read_as_the_library_reads_it(
            body in proptest::collection::vec(prop_oneof![
                Just("["), Just("]"), Just("{"), Just("}"), Just(","), Just(":"), Just("\""), Just("\\"), Just("\"a\""),
                Just("1"), Just("null"), Just(" "), Just("{\"a\":[1]}"),
            ], 0..12),
            step in 1_usize..40,
        ) {
            let body = body.concat();
            let whole = serde_json::from_str::<Vec<Box<RawValue>>>(&body).ok();
            let whole = whole.map(|rows| rows.iter().map(|row| row.get().to_owned()).collect::<Vec<_>>());
            let ours = read(body.as_bytes(), step).ok().filter(|_| body.trim_start().starts_with('['));
            prop_assert_eq!(ours, whole);
        }
    }
}
