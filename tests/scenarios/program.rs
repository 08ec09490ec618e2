//! The program, as tests start it.

use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program, in an environment that says nothing.
pub fn podform() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podform"));
    command.env_clear().env("HOME", "/nonexistent").env("NO_COLOR", "1").stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Both streams of a run, which must end in time.
pub fn patient(command: &mut Command) -> Result<Output, String> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|why| why.to_string())?;
    let (id, started) = (child.id(), Instant::now());
    let reader = |mut stream: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).map(|_| bytes)
        })
    };
    let stdout = reader(Box::new(child.stdout.take().unwrap()));
    let stderr = reader(Box::new(child.stderr.take().unwrap()));
    let status = loop {
        match child.try_wait().map_err(|why| why.to_string())? {
            Some(status) => break Some(status),
            None if started.elapsed() > PATIENCE => {
                child.kill().map_err(|why| why.to_string())?;
                child.wait().map_err(|why| why.to_string())?;
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let (stdout, stderr) = (stdout.join().unwrap().unwrap(), stderr.join().unwrap().unwrap());
    let Some(status) = status else {
        let told = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        return Err(format!("{command:?} (process {id}) did not end in {PATIENCE:?}\n{told}"));
    };
    Ok(Output { status, stdout, stderr })
}

/// A command line in its parts.
pub struct Line {
    /// Variables set for it; an empty one is taken out of the environment.
    pub variables: Vec<(String, String)>,
    /// The words after them.
    pub words: Vec<String>,
}

impl Line {
    /// Splits a command line: variables first, words may be quoted with `'`.
    pub fn read(command: &str) -> Result<Self, String> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut quoted = false;
        for letter in command.chars() {
            match letter {
                '\'' => {
                    quoted = !quoted;
                    word.get_or_insert_default();
                }
                ' ' if !quoted => words.extend(word.take()),
                letter => word.get_or_insert_default().push(letter),
            }
        }
        if quoted {
            return Err(format!("{command}: a quote is open"));
        }
        words.extend(word);
        let variable = |word: &String| {
            let (name, value) = word.split_once('=')?;
            let named = name.starts_with(|letter: char| letter.is_ascii_uppercase());
            (named && !name.contains(['-', ' '])).then(|| (name.to_owned(), value.to_owned()))
        };
        let variables: Vec<_> = words.iter().map_while(variable).collect();
        let words = words.split_off(variables.len());
        Ok(Self { variables, words })
    }

    /// The command: its first word that is no flag.
    pub fn verb(&self) -> Option<usize> {
        self.words.iter().position(|word| !word.starts_with('-'))
    }

    /// True where one of its words is this one.
    pub fn says(&self, wanted: &str) -> bool {
        self.words.iter().any(|word| word == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_split_like_a_shell_does() {
        let line = Line::read("A=1 B_2='x y' -chdir=a plan -var 'a=[1, 2]' ''").unwrap();
        assert_eq!(line.variables, [("A".into(), "1".into()), ("B_2".into(), "x y".into())]);
        assert_eq!(line.words, ["-chdir=a", "plan", "-var", "a=[1, 2]", ""]);
        assert_eq!(line.verb(), Some(1));
        assert!(Line::read("plan 'x").is_err());
    }
}
