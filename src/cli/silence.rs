//! Typing that the terminal does not show.

use std::io::Read;

/// A terminal that shows nothing and hands over every key at once, as long as this lives.
pub struct Silence {
    #[cfg(unix)]
    before: rustix::termios::Termios,
}

impl Silence {
    /// Takes the terminal of standard input; `None` where it would go on showing what is typed.
    ///
    /// Control-C comes as a key: a process that is killed in between would leave the terminal mute.
    #[cfg(unix)]
    pub fn begin() -> Option<Silence> {
        use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
        let before = tcgetattr(std::io::stdin()).ok()?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(std::io::stdin(), OptionalActions::Now, &silent).ok()?;
        Some(Silence { before })
    }

    /// Here it is not known how.
    #[cfg(not(unix))]
    pub fn begin() -> Option<Silence> {
        None
    }

    /// One line; `None` at the end of input, and on Control-C.
    pub fn read(&self) -> Option<String> {
        line(std::io::stdin().lock().bytes().map_while(Result::ok))
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// What is left of the keys: those that were erased are gone.
fn line(keys: impl Iterator<Item = u8>) -> Option<String> {
    let mut typed: Vec<u8> = Vec::new();
    for key in keys {
        match key {
            b'\n' | b'\r' => return Some(String::from_utf8_lossy(&typed).into_owned()),
            // Control-C, and Control-D on an empty line.
            3 => return None,
            4 if typed.is_empty() => return None,
            4 => {}
            // Backspace: a whole character.
            8 | 127 => while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            // Control-U.
            21 => typed.clear(),
            key => typed.push(key),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_a_line() {
        let read = |keys: &str| line(keys.bytes());
        assert_eq!(read("secret\nrest").as_deref(), Some("secret"));
        assert_eq!(read("x\u{15}aé\u{7f}\u{8}\u{8}\u{8}b\u{4}\r").as_deref(), Some("b"));
        assert_eq!((read("\n").as_deref(), read("abc"), read("\u{4}"), read("a\u{3}\n")), (Some(""), None, None, None));
    }
}
