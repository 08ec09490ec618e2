//! Decimal digits of a binary number: the fewest that name it.

use dashu_int::UBig;
use dashu_int::ops::BitTest;

/// A decimal number: `0.d1d2d3... * 10^point`, without leading or trailing zeros.
pub(super) struct Digits {
    digits: Vec<u8>,
    point: i64,
}

impl Digits {
    /// `mantissa * 2^exponent`, exactly.
    pub(super) fn of(mantissa: &UBig, exponent: i64) -> Self {
        let power = usize::try_from(exponent.unsigned_abs()).unwrap_or(usize::MAX);
        let (whole, scale) = match exponent >= 0 {
            true => (mantissa << power, 0),
            false => (mantissa * UBig::from(5u8).pow(power), exponent),
        };
        let digits = whole.to_string().into_bytes();
        let point = i64::try_from(digits.len()).unwrap_or(i64::MAX).saturating_add(scale);
        Self { digits, point }.trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.digits.last() == Some(&b'0') {
            self.digits.pop();
        }
        self
    }

    /// The fewest digits between the neighbours of a number; `mantissa` holds it with one bit more than its precision,
    /// so that one less and one more are half-way to the neighbours.
    pub(super) fn shortest(self, mantissa: &UBig, exponent: i64) -> Self {
        if mantissa == &UBig::ZERO {
            return self;
        }
        let lower = Self::of(&(mantissa - UBig::ONE), exponent).digits;
        let upper = Self::of(&(mantissa + UBig::ONE), exponent).digits;
        let inclusive = !mantissa.bit(1);
        let at = |digits: &[u8], i: usize| digits.get(i).copied().unwrap_or(b'0');
        for (i, &digit) in self.digits.iter().enumerate() {
            let (low, high) = (at(&lower, i), at(&upper, i));
            let down = low != digit || (inclusive && i + 1 == lower.len());
            let up = digit != high && (inclusive || digit + 1 < high || i + 1 < upper.len());
            match (down, up) {
                (true, true) => {
                    let next = at(&self.digits, i + 1);
                    let tie = next == b'5' && i + 2 == self.digits.len();
                    let round_up = if tie { digit % 2 == 1 } else { next >= b'5' };
                    return self.cut(i + 1, round_up);
                }
                (true, false) => return self.cut(i + 1, false),
                (false, true) => return self.cut(i + 1, true),
                (false, false) => {}
            }
        }
        self
    }

    fn cut(mut self, len: usize, up: bool) -> Self {
        self.digits.truncate(len);
        if up {
            while self.digits.last() == Some(&b'9') {
                self.digits.pop();
            }
            match self.digits.last_mut() {
                Some(last) => *last += 1,
                None => {
                    self.digits.push(b'1');
                    self.point += 1;
                }
            }
        }
        self.trimmed()
    }

    pub(super) fn plain(&self) -> String {
        let text = String::from_utf8_lossy(&self.digits);
        match usize::try_from(self.point) {
            Ok(0) | Err(_) => format!("0.{}{text}", "0".repeat(usize::try_from(-self.point).unwrap_or(0))),
            Ok(point) if point >= text.len() => format!("{text}{}", "0".repeat(point - text.len())),
            Ok(point) => format!("{}.{}", &text[..point], &text[point..]),
        }
    }
}
