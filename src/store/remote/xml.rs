//! What S3 and Azure answer in XML: texts of elements, wherever they stand.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The texts of all elements of these names, in their order. What is no XML has none.
pub fn texts(bytes: &[u8], names: &[&str]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(&text);
    let (mut found, mut open): (Vec<(String, String)>, Option<String>) = (Vec::new(), None);
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                let name = start.local_name().as_ref().to_owned();
                open = names.contains(&&*name).then_some(name);
                if let Some(name) = &open {
                    found.push((name.clone(), String::new()));
                }
            }
            Ok(Event::Text(text)) if open.is_some() => {
                if let Some((_, whole)) = found.last_mut() {
                    whole.push_str(&text);
                }
            }
            Ok(Event::GeneralRef(entity)) if open.is_some() => {
                if let Some((_, whole)) = found.last_mut() {
                    whole.extend(resolved(&entity));
                }
            }
            Ok(Event::End(_)) => open = None,
            Ok(Event::Eof) | Err(_) => return found,
            Ok(_) => {}
        }
    }
}

/// The text of the first element of this name.
pub fn text(bytes: &[u8], name: &str) -> Option<String> {
    texts(bytes, &[name]).into_iter().next().map(|(_, text)| text)
}

/// A page of a list: its keys, and by which token the next one is asked for.
pub fn page(bytes: &[u8], key: &str, token: &str) -> (Vec<String>, Option<String>) {
    let (mut keys, mut next) = (Vec::new(), None);
    for (name, text) in texts(bytes, &[key, token]) {
        if name == key { keys.push(text) } else { next = Some(text).filter(|text| !text.is_empty()) }
    }
    (keys, next)
}

fn resolved(entity: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Ok(Some(letter)) = entity.resolve_char_ref() {
        return Some(letter);
    }
    quick_xml::escape::resolve_predefined_entity(entity)?.chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_with_their_entities() {
        let list = b"<?xml version=\"1.0\"?><L xmlns=\"x\"><C><Key>a&amp;b&#x2F;c</Key><S>1</S></C><C><Key>d</Key></C>\
                     <NextContinuationToken/></L>";
        let found = texts(list, &["Key", "NextContinuationToken"]);
        let keys: Vec<&str> = found.iter().map(|(_, key)| &**key).collect();
        assert_eq!(keys, ["a&b/c", "d"]);
        assert_eq!(text(b"<Error><Code>NoSuchKey</Code></Error>", "Code").as_deref(), Some("NoSuchKey"));
        for wrong in [&b""[..], b"<a", b"{}", b"<a></b>", b"\xff\xfe<", b"<Code>x"] {
            let _ = texts(wrong, &["Code"]);
        }
    }
}
