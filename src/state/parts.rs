//! Where the parts of a large state stand in its text. A text that ends with its checksum is written in one way, so that they are
//! found without reading what stands between: texts in JSON hold no line breaks, and what is nested deeper stands further to the
//! right. Whether it is as it was written, only the checksum tells.

use super::sum::sum_in;
use memchr::memmem::find;

/// The object under the key `podform`, which is the last one.
pub fn own_part(text: &[u8]) -> Option<&[u8]> {
    parts(text).map(|(_, ours)| ours)
}

/// What Terraform knows, with the comma behind it, and the object under the key `podform`.
pub(super) fn parts(text: &[u8]) -> Option<(&[u8], &[u8])> {
    const KEY: &[u8] = b"\n  \"podform\": ";
    const END: &[u8] = b"\n}\n";
    sum_in(text)?;
    let (theirs, ours) = around(text, KEY)?;
    Some((theirs, ours.strip_suffix(END)?))
}

/// What Terraform knows.
pub(super) struct Theirs<'t> {
    /// All but the instances.
    pub frame: Vec<u8>,
    /// Those of each resource.
    pub instances: Vec<Vec<&'t [u8]>>,
}

/// What Terraform knows, taken apart.
pub(super) fn instances_apart(theirs: &[u8]) -> Option<Theirs<'_>> {
    const BEGIN: &[u8] = b"\n      \"instances\": [\n";
    const BETWEEN: &[u8] = b"\n        },\n";
    const END: &[u8] = b"\n      ]";
    const BRACE: usize = b"\n        }".len();
    let (mut frame, mut instances, mut rest) = (Vec::new(), Vec::new(), theirs);
    while let Some((before, behind)) = around(rest, BEGIN) {
        let (mut inside, behind) = around(behind, END)?;
        let mut one = Vec::new();
        while let Some(at) = find(inside, BETWEEN) {
            one.push(inside.get(..at + BRACE)?);
            inside = inside.get(at + BETWEEN.len()..)?;
        }
        one.push(inside);
        instances.push(one);
        frame.extend_from_slice(before);
        frame.extend_from_slice(b"\"instances\": []");
        rest = behind;
    }
    frame.extend_from_slice(rest);
    frame.extend_from_slice(b"\"podform\": null }");
    Some(Theirs { frame, instances })
}

/// What stands before and behind a part.
fn around<'t>(text: &'t [u8], part: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = find(text, part)?;
    Some((text.get(..at)?, text.get(at + part.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::encode;
    use crate::state::sample::state;
    use serde_json::{Value as Json, from_slice, from_str};

    #[test]
    fn what_is_taken_apart_is_all_that_stood_there() {
        let text = encode(&state());
        let (theirs, ours) = parts(text.as_bytes()).expect("the parts of a state");
        let Theirs { frame, instances } = instances_apart(theirs).expect("its instances");
        let read = |text: &[u8]| from_slice::<Json>(text).expect("JSON");
        let mut whole = read(&frame);
        let resources = whole["resources"].as_array_mut().expect("resources");
        assert!(resources.len() == instances.len() && instances.iter().any(|all| all.len() > 1));
        for (resource, instances) in resources.iter_mut().zip(&instances) {
            resource["instances"] = instances.iter().map(|text| read(text)).collect();
        }
        whole["podform"] = read(ours);
        assert_eq!(whole, from_str::<Json>(&text).expect("JSON"));
        assert_eq!(own_part(text.trim_end().as_bytes()), None, "its end tells how it was written");
    }
}
