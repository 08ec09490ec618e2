//! Random configuration files: untidy, but of Terraform's grammar.

mod expressions;

/// A small generator of numbers, the same for the same seed.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
    }

    /// Below `n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next()).unwrap() % n
    }

    pub(super) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

const NAMES: &[&str] = &[
    "a",
    "foo",
    "type",
    "variable",
    "in",
    "for",
    "if",
    "some-name",
    "_x",
    "ünïcode",
    "名前",
    "e\u{301}te",
    "true",
    "null",
    "list",
    "x1",
];
const BLANKS: &[&str] = &["", "", "", " ", " ", "  ", "\t", "     ", " \t "];
const COMMENTS: &[&str] = &["# c", "// c ü", "#", "//\t x", "# a = b {", "/* in */ # out"];
struct Writer<'a> {
    random: &'a mut Random,
    text: String,
    depth: usize,
    line: &'static str,
    /// Line ends mean nothing here.
    free: bool,
}

/// A file.
pub(super) fn file(random: &mut Random) -> String {
    let line = if random.one_in(8) { "\r\n" } else { "\n" };
    let mut writer = Writer { random, text: String::new(), depth: 0, line, free: false };
    if writer.random.one_in(40) {
        writer.text.push('\u{feff}');
    }
    writer.body();
    if writer.random.one_in(10) {
        let len = writer.text.trim_end().len();
        let heredoc = writer.text.trim_end().ends_with("EOT");
        if !heredoc {
            writer.text.truncate(len);
            writer.blank();
        }
    }
    writer.text
}

impl Writer<'_> {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The marker of a heredoc stands alone on its line.
    fn is_marker(&self) -> bool {
        self.text.ends_with("EOT")
    }

    fn blank(&mut self) {
        if self.is_marker() {
            return if self.free {
                self.put(self.line)
            };
        }
        let blank = self.random.pick(BLANKS);
        self.put(blank);
        if self.random.one_in(60) {
            self.put("/* c */");
        }
        if self.free && self.random.one_in(8) {
            self.line_end();
            let blank = self.random.pick(BLANKS);
            self.put(blank);
        }
    }

    /// A blank that must not vanish.
    fn gap(&mut self) {
        self.put(if self.is_marker() { self.line } else { " " });
        self.blank();
    }

    fn line_end(&mut self) {
        if self.random.one_in(6) && !self.is_marker() {
            let comment = self.random.pick(COMMENTS);
            self.put(comment);
        }
        self.put(self.line);
        while self.random.one_in(6) {
            let blank = self.random.pick(BLANKS);
            self.put(blank);
            if self.random.one_in(2) {
                let comment = self.random.pick(COMMENTS);
                self.put(comment);
            }
            self.put(self.line);
        }
    }

    fn name(&mut self) {
        let name = self.random.pick(NAMES);
        self.put(name);
    }

    fn body(&mut self) {
        let mut used = Vec::new();
        for _ in 0..self.random.below(6) {
            self.blank();
            match self.random.below(4) {
                0 if self.depth < 4 => self.block(),
                _ => {
                    let name = self.random.pick(NAMES);
                    if used.contains(&name) {
                        continue;
                    }
                    used.push(name);
                    self.argument(name);
                }
            }
            self.blank();
            self.line_end();
        }
    }

    fn argument(&mut self, name: &str) {
        self.put(name);
        self.blank();
        self.put("=");
        self.blank();
        if self.random.one_in(8) {
            self.wrapped();
        } else if self.random.one_in(12) {
            let old = self.random.pick(&["\"string\"", "\"list\"", "\"map\"", "list", "set", "map", "list (string)"]);
            self.put(old);
        } else {
            self.expression();
        }
    }

    /// `"${...}"`.
    fn wrapped(&mut self) {
        self.put("\"${");
        let around = std::mem::replace(&mut self.free, true);
        self.blank();
        self.expression();
        self.blank();
        self.free = around;
        self.put("}\"");
    }

    fn block(&mut self) {
        match self.random.one_in(3) {
            true => self.put("variable"),
            false => self.name(),
        }
        for _ in 0..self.random.below(3) {
            if self.random.one_in(2) {
                self.gap();
                self.name();
            } else {
                self.blank();
                let label = self.random.pick(&[
                    "\"a\"",
                    "\"\"",
                    "\"a b\"",
                    "\"\\u00e9\\t\"",
                    "\"ü\"",
                    "\"e\u{301}\"",
                    "\"x\u{200b}\"",
                ]);
                self.put(label);
            }
        }
        self.blank();
        self.put("{");
        self.depth += 1;
        match self.random.below(4) {
            0 => self.blank(),
            1 => {
                self.blank();
                let name = self.random.pick(NAMES);
                self.argument(name);
                if self.is_marker() {
                    self.put(self.line);
                }
                self.blank();
            }
            _ => {
                self.blank();
                self.line_end();
                self.body();
                self.blank();
            }
        }
        self.depth -= 1;
        self.put("}");
    }

    fn inside(&mut self, free: bool, write: impl FnOnce(&mut Self)) {
        let around = std::mem::replace(&mut self.free, free);
        self.blank();
        write(self);
        // The marker of a heredoc stands alone.
        if self.is_marker() {
            self.put(self.line);
        }
        self.blank();
        self.free = around;
    }
}
