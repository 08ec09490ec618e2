//! What is asked on a terminal: variables without a value. The terminal is a real one, that the test types into.

use crate::fleet::Fleet;
use crate::scenarios::podform;
use rustix::fs::OFlags;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a word may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

const ASKING: &str = r#"
podform {
  fleet = "asking"
}

variable "list" {
  type = list(string)
}

variable "size" {
  type        = number
  description = "How many machines."
}

variable "token" {
  type      = string
  sensitive = true
}

variable "zone" {
  description = "Which zone.\nAny will do."
}

variable "given" {
  default = 1
}

output "said" {
  value = "${var.size} in ${var.zone} for ${join("+", var.list)}"
}

output "length" {
  value = nonsensitive(length(var.token))
}
"#;

/// What the terminal shows where nothing is wrong: the typed lines are the terminal's echo.
const ASKED: &str = r#"var.list
  Enter a value: ["a","b"]

var.size
  How many machines.

  Enter a value: 5

var.token
  Enter a value: 

var.zone
  Which zone.
  Any will do.

  Enter a value: eu

"#;

/// The program, and the other end of its terminal.
pub struct Session {
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    pub child: Child,
}

impl Session {
    pub fn start(fleet: &Fleet, arguments: &[&str]) -> Session {
        Session::on(fleet, arguments, "dumb")
    }

    /// On a terminal of this kind.
    pub fn on(fleet: &Fleet, arguments: &[&str], kind: &str) -> Session {
        let mut command = podform();
        command
            .current_dir(fleet.path())
            .args(arguments)
            .env("PODFORM_SANDBOX", "1")
            .env("NO_COLOR", "1")
            .env("TERM", kind);
        Session::run(command, (80, 24))
    }

    /// Runs it on a terminal of so many columns and rows.
    pub fn run(mut command: Command, (columns, rows): (u16, u16)) -> Session {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        // A child that held it too would never see the terminal close.
        fcntl_setfd(&keyboard, FdFlags::CLOEXEC).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let no_tty = i32::try_from(OFlags::NOCTTY.bits()).unwrap();
        let terminal = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(no_tty)
            .open(std::ffi::OsStr::from_bytes(name.to_bytes()))
            .unwrap();
        resize(&keyboard, columns, rows);
        command.stdin(terminal.try_clone().unwrap()).stdout(terminal.try_clone().unwrap()).stderr(terminal);
        let child = command.spawn().unwrap();
        // Only the child's own ends are left: when it is gone, reading ends.
        drop(command);
        let keyboard = File::from(keyboard);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, shown) = (keyboard.try_clone().unwrap(), screen.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut bytes) {
                shown.lock().unwrap().extend_from_slice(&bytes[..n]);
                // Nobody looks any more: the terminal closes.
                if Arc::strong_count(&shown) == 1 {
                    break;
                }
            }
        });
        Session { keyboard, screen, child }
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).replace("\r\n", "\n")
    }

    /// Types.
    pub fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Makes the terminal larger or smaller.
    pub fn resize(&self, columns: u16, rows: u16) {
        resize(&self.keyboard, columns, rows);
    }

    /// Everything that was written to the terminal.
    pub fn written(&self) -> Vec<u8> {
        self.screen.lock().unwrap().clone()
    }

    /// How the terminal is set.
    pub fn modes(&self) -> String {
        format!("{:?}", rustix::termios::tcgetattr(&self.keyboard).unwrap())
    }

    /// Another hold on the keyboard: it outlives the session.
    pub fn keyboard(&self) -> File {
        self.keyboard.try_clone().unwrap()
    }

    /// The terminal closes: nobody holds its other end any more, once something is written to it.
    pub fn hangs_up(self) -> Child {
        let Session { keyboard, screen, child } = self;
        drop((keyboard, screen));
        child
    }

    /// Waits until this stands above a prompt.
    pub fn asks(&self, question: &str) {
        let start = Instant::now();
        let asked = |screen: &str| screen.rsplit_once(question).is_some_and(|(_, rest)| rest.ends_with("value: "));
        while !asked(&self.screen()) {
            assert!(start.elapsed() < PATIENCE, "{question} is not asked:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// True where the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        let modes = rustix::termios::tcgetattr(&self.keyboard).unwrap().local_modes;
        modes.contains(rustix::termios::LocalModes::ECHO)
    }

    /// Types when the variable is asked for.
    fn answer(&mut self, variable: &str, keys: &str) {
        self.asks(&format!("var.{variable}\n"));
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// The exit code, and all that was shown.
    pub fn end(mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("it does not end:\n{}", self.screen());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        // The last bytes may still be on their way.
        let mut screen = self.screen();
        loop {
            std::thread::sleep(Duration::from_millis(100));
            let now = self.screen();
            if now == screen {
                return (status.code(), screen);
            }
            screen = now;
        }
    }
}

fn resize(terminal: impl rustix::fd::AsFd, columns: u16, rows: u16) {
    let size = rustix::termios::Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(terminal, size).unwrap();
}

#[test]
fn what_is_missing_is_asked_for_by_name_and_secrets_are_not_shown() {
    let fleet = Fleet::new(&[("main.hcl", ASKING)]);
    let mut session = Session::start(&fleet, &["plan"]);
    session.answer("list", "[\"a\",\"b\"]\n");
    session.answer("size", "5\n");
    session.answer("token", "hushed\u{7f}\u{7f}x \n");
    session.answer("zone", "eu\n");
    let (code, screen) = session.end();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.starts_with(ASKED), "{screen}");
    assert!(screen.contains("said   = \"5 in eu for a+b\"") && screen.contains("length = 5"), "{screen}");
    assert!(!screen.contains("hush"), "{screen}");
}

#[test]
fn a_wrong_answer_is_told_and_not_asked_for_again() {
    let fleet = Fleet::new(&[("main.hcl", ASKING)]);
    let mut session = Session::start(&fleet, &["plan"]);
    session.answer("list", "[1,\n");
    session.answer("size", "five\n");
    session.answer("token", "canary\n");
    session.answer("zone", "\n");
    let (code, screen) = session.end();
    assert_eq!(code, Some(1), "{screen}");
    assert!(screen.contains("The value from the prompt is not suitable for var.size"), "{screen}");
    assert!(screen.contains("<the prompt>:1:"), "{screen}");
    assert_eq!(screen.matches("Enter a value: ").count(), 4, "{screen}");
    assert!(!screen.contains("canary") && !screen.contains("var.zone is"), "{screen}");
}

#[test]
fn who_gives_no_answer_is_told_what_is_missing_and_keeps_the_terminal() {
    let fleet = Fleet::new(&[("main.hcl", ASKING)]);
    for (keys, ends) in [("\u{4}", 1), ("can\u{3}", 130)] {
        let mut session = Session::start(&fleet, &["plan", "-var=list=[]", "-var=size=1"]);
        session.answer("token", keys);
        let keyboard = session.keyboard.try_clone().unwrap();
        let (code, screen) = session.end();
        assert_eq!(code, Some(ends), "{screen}");
        assert_eq!(screen.contains("variable \"token\" is not set"), ends == 1, "{screen}");
        assert!(!screen.contains("Enter a value: can"), "{screen}");
        let modes = rustix::termios::tcgetattr(keyboard).unwrap().local_modes;
        assert!(modes.contains(rustix::termios::LocalModes::ECHO), "the terminal stays mute after {keys:?}");
    }
}

#[test]
fn nobody_is_asked_with_input_false_nor_by_a_program_that_reads() {
    let fleet = Fleet::new(&[("main.hcl", ASKING)]);
    for arguments in [&["plan", "-input=false"][..], &["plan", "-json"], &["apply", "-auto-approve", "-json"]] {
        let (code, screen) = Session::start(&fleet, arguments).end();
        assert_eq!(code, Some(1), "{screen}");
        let told = screen.lines().filter(|line| line.contains("No value for required variable"));
        assert_eq!(told.count(), 4, "{screen}");
        assert!(!screen.contains("Enter a value"), "{screen}");
    }
}

const ONE: &str = r#"
podform {
  fleet = "asking"
}

resource "simplepod_template_group" "base" {
  name       = "asking-base"
  image_name = "ubuntu"
}

resource "simplepod_instance" "node" {
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
}
"#;

/// A machine that was never seen inside of what was approved is released before the plan is made: whoever says no is not
/// told that nothing was changed.
#[test]
fn who_says_no_hears_what_was_done_before() {
    let fleet = Fleet::new(&[("main.hcl", ONE)]);
    let refused = |fleet: &Fleet| {
        let mut session = Session::start(fleet, &["apply"]);
        session.asks("Do you want to perform these actions?");
        session.keyboard.write_all(b"no\n").unwrap();
        let (code, screen) = session.end();
        assert_eq!(code, Some(1), "{screen}");
        screen
    };
    let screen = refused(&fleet);
    assert!(screen.contains("Apply cancelled. Nothing was changed."), "{screen}");
    fleet.run(&["apply", "-auto-approve"], 0);
    let state = fleet.path().join("state/sandbox/podform.state.json");
    let text = std::fs::read_to_string(&state).unwrap();
    let other = text
        .replace("\"gpu_count\": 1", "\"gpu_count\": 2")
        .replace("\"offer\": {", "\"unproven\": \"0.5\", \"read_back\": {\"gpu_count\": 1}, \"offer\": {");
    assert_ne!(text, other);
    std::fs::write(&state, other).unwrap();
    fleet.run(&["state", "repair", "-auto-approve"], 0);
    let screen = refused(&fleet);
    assert!(screen.contains("has 1 GPUs, and 2 were ordered") && screen.contains("It is released."), "{screen}");
    assert!(screen.contains("Nothing of the plan was done. What the warnings above say was done"), "{screen}");
    assert!(!screen.contains("Nothing was changed"), "{screen}");
    // What was done is in the state, as other programs read it.
    let text = std::fs::read_to_string(&state).unwrap();
    let (recorded, _) = text.split_once("\"podform\": {").unwrap();
    assert!(recorded.contains("simplepod_template_group") && !recorded.contains("simplepod_instance"), "{recorded}");
    let plan = fleet.run(&["plan"], 0);
    assert!(plan.contains("1 to add, 0 to change, 0 to destroy"), "{plan}");
}

#[test]
fn a_line_at_the_foot_says_how_far_an_apply_is_and_goes() {
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
    let (code, screen) = Session::on(&Fleet::copy(&example), &["apply", "-auto-approve"], "xterm").end();
    assert_eq!(code, Some(0), "{screen}");
    let wipe = "\r\u{1b}[K";
    let feet: Vec<&str> = screen.split(wipe).filter(|foot| foot.contains(" of 3 done")).collect();
    let told = |far: &str| feet.iter().any(|foot| foot.starts_with(far) && !foot.contains('\n'));
    assert!(told("0 of 3 done, going on: simplepod_template_group.pytorch since 0s"), "{screen}");
    assert!(told("1 of 3 done, going on: simplepod_instance.worker["), "{screen}");
    assert!(told("2 of 3 done"), "{screen}");
    // What stays is what is told anywhere else.
    let stays: String =
        screen.split('\n').filter_map(|line| line.rsplit(wipe).next()).map(|line| format!("{line}\n")).collect();
    assert!(!stays.contains(" of 3 done") && stays.contains("Apply complete!"), "{stays}");

    let (code, screen) = Session::start(&Fleet::copy(&example), &["apply", "-auto-approve"]).end();
    assert_eq!(code, Some(0), "{screen}");
    assert!(!screen.contains('\u{1b}') && !screen.contains(" of 3 done"), "{screen}");
}
