//! What stands in a shared place, as the checker reads it: by itself, from the bytes of the objects.

use super::disk::{Disk, event};
use crate::backends::memory::KEY;
use podform::store::chain::{Link, contained};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Takes what came to stand under a key, or nothing.
pub fn mirror(disk: Arc<Mutex<Disk>>) -> impl FnMut(&str, Option<&[u8]>) + Send {
    let mut links: BTreeMap<u64, Link> = BTreeMap::new();
    move |key, bytes| {
        let disk = &mut *disk.lock().unwrap();
        let text = || bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        if key == KEY {
            disk.state = text().unwrap_or_default();
        } else if let Some((_, number)) = key.split_once(".podform/journal/") {
            let number = number.parse().unwrap();
            match bytes.map(|bytes| Link::decode(bytes).unwrap()) {
                None => drop(links.remove(&number)),
                Some(link) => {
                    // Nobody reads what stands in a hole that a removal made.
                    if number > contained(disk.state.as_bytes()).unwrap() {
                        disk.durable.extend(link.lines.lines().map(event));
                    }
                    links.insert(number, link);
                }
            }
        } else if let Some((_, run)) = key.split_once(".podform/kept/") {
            match text() {
                None => drop(disk.kept.remove(run)),
                Some(lines) => disk.keep(run, lines),
            }
        }
        disk.journal.clear();
        let mut next = contained(disk.state.as_bytes()).unwrap() + 1;
        while let Some(link) = links.get(&next) {
            disk.journal.extend_from_slice(link.lines.as_bytes());
            next = link.next;
        }
    }
}
