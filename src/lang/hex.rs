//! Bytes in hexadecimal, as `sha256()` writes them.

/// Two lower-case digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |four_bits: u8| char::from_digit(four_bits.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
