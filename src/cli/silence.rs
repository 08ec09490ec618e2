//! Typing that the terminal does not show.

use std::io::Read;

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line.
    Line(String),
    /// The end of input.
    End,
    /// Control-C.
    Interrupt,
}

/// A terminal that is used in another way as long as this lives: mostly, that it shows nothing and hands over every key at once.
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
        use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcsetattr};
        let kept = Silence::keep()?;
        let mut silent = kept.before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(std::io::stdin(), OptionalActions::Now, &silent).ok()?;
        Some(kept)
    }

    /// Here it is not known how.
    #[cfg(not(unix))]
    pub fn begin() -> Option<Silence> {
        None
    }

    /// The terminal as it is now; given back so when this is dropped.
    #[cfg(unix)]
    pub fn keep() -> Option<Silence> {
        Some(Silence { before: rustix::termios::tcgetattr(std::io::stdin()).ok()? })
    }

    /// Here it is not known how.
    #[cfg(not(unix))]
    pub fn keep() -> Option<Silence> {
        None
    }

    /// One line of the keys that it hands over.
    pub fn read() -> Typed {
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
fn line(keys: impl Iterator<Item = u8>) -> Typed {
    let mut typed: Vec<u8> = Vec::new();
    for key in keys {
        match key {
            b'\n' | b'\r' => return Typed::Line(String::from_utf8_lossy(&typed).into_owned()),
            // Control-C, and Control-D on an empty line.
            3 => return Typed::Interrupt,
            4 if typed.is_empty() => return Typed::End,
            4 => {}
            // Backspace: a whole character.
            8 | 127 => while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            // Control-U.
            21 => typed.clear(),
            key => typed.push(key),
        }
    }
    Typed::End
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_a_line() {
        let read = |keys: &str| line(keys.bytes());
        let typed = |text: &str| Typed::Line(text.to_owned());
        assert_eq!(read("secret\nrest"), typed("secret"));
        assert_eq!(read("x\u{15}aé\u{7f}\u{8}\u{8}\u{8}b\u{4}\r"), typed("b"));
        assert_eq!((read("\n"), read("abc"), read("\u{4}")), (typed(""), Typed::End, Typed::End));
        assert_eq!(read("a\u{3}\n"), Typed::Interrupt);
    }
}
