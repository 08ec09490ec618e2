//! Stable chance: a number that depends on nothing but the seed, a label and an index.

/// One step of splitmix64.
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The draw of `label` number `index` in the world of `seed`.
pub(super) fn draw(seed: u64, label: &str, index: u64) -> u64 {
    let label = label
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    mix(mix(seed ^ label).wrapping_add(index))
}

/// A draw in `low..=high`.
pub(super) fn between(seed: u64, label: &str, index: u64, low: u64, high: u64) -> u64 {
    low + draw(seed, label, index) % (high - low + 1)
}

/// One of `items`, which must not be empty.
pub(super) fn pick<T>(items: &[T], drawn: u64) -> &T {
    let length = u64::try_from(items.len()).unwrap_or(1).max(1);
    let index = usize::try_from(drawn % length).unwrap_or(0);
    items.get(index).expect("tables of the catalog are not empty")
}
