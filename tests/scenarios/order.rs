//! The order of lines of progress, where it is chance.

/// What stands before the colon of a line of progress.
fn address(line: &str) -> Option<&str> {
    let (address, _) = line.split_once(": ")?;
    ["simplepod_", "module.", "data."].iter().any(|start| address.starts_with(start)).then_some(address)
}

/// Lines of progress that stand together, by address: of steps that run at once, each tells as it comes.
pub fn by_address(text: &str) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    for block in lines.chunk_by_mut(|a, b| address(a).is_some() && address(b).is_some()) {
        block.sort_by_key(|line| address(line));
    }
    lines.concat()
}

/// Ends of machines after what other objects tell meanwhile, by address; everything else stays where it is. Even where
/// one step runs at a time, nobody waits until a machine runs or is gone: the next step begins, and the end comes when it
/// comes. What an object tells of itself keeps its order.
pub fn ends_last(text: &str) -> String {
    let is_end = |line: &str| [": Rented after ", ": Released after "].iter().any(|end| line.contains(end));
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let late = |a: &str, b: &str| match (address(a), address(b)) {
        (Some(one), Some(other)) if is_end(a) && one != other => !is_end(b) || one > other,
        _ => false,
    };
    while let Some(at) = lines.windows(2).position(|pair| late(pair[0], pair[1])) {
        lines.swap(at, at + 1);
    }
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const B: &str = "simplepod_instance.b: Renting...\n";
    const A: &str = "simplepod_instance.a: Renting...\n";
    const B_END: &str = "simplepod_instance.b: Rented after N s\n";
    const A_END: &str = "simplepod_instance.a: Rented after N s\n";

    #[test]
    fn beginnings_keep_their_order_and_ends_follow() {
        let told = [B, A, A_END, B_END].concat();
        for chance in [[B, A, B_END, A_END], [B, B_END, A, A_END], [B, A, A_END, B_END]] {
            assert_eq!(ends_last(&chance.concat()), told);
        }
        assert_ne!(ends_last(&[A, B, A_END, B_END].concat()), told);
    }

    #[test]
    fn an_object_keeps_its_own_order() {
        let replaced = "simplepod_instance.a: Released after N s\nsimplepod_instance.a: Renting...\n";
        assert_eq!(ends_last(replaced), replaced);
        let apart = format!("{B_END}Done.\n{A}");
        assert_eq!(ends_last(&apart), apart);
    }

    #[test]
    fn what_runs_at_once_stands_by_address() {
        assert_eq!(by_address(&[B, A, B_END, A_END].concat()), [A, A_END, B, B_END].concat());
    }
}
