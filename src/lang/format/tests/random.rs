//! Random configuration files: untidy, but of Terraform's grammar.

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
const NUMBERS: &[&str] = &["0", "1", "42", "1.5", "1e5", "2.5E-3", "007"];
const OPERATORS: &[&str] = &["+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"];
const BLANKS: &[&str] = &["", "", "", " ", " ", "  ", "\t", "     ", " \t "];
const COMMENTS: &[&str] = &["# c", "// c ü", "#", "//\t x", "# a = b {", "/* in */ # out"];
const TEXTS: &[&str] = &[
    "plain",
    " ",
    "a b",
    "\\n\\t",
    "\\\"",
    "\\\\",
    "\\u00e9",
    "$",
    "%",
    "$$",
    "$${x}",
    "%%{y}",
    "日本",
    "e\u{301}",
    "👩‍👩‍👧",
    "# no",
    "a = b",
    "//",
    "{",
    "}",
    "🇩🇪🇫🇷",
    "~",
];

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

    fn expression(&mut self) {
        self.depth += 1;
        self.operand();
        if self.depth < 7 && (self.free || !self.is_marker()) {
            match self.random.below(12) {
                0..=1 => {
                    for _ in 0..=self.random.below(2) {
                        if self.is_marker() && !self.free {
                            break;
                        }
                        self.blank();
                        let operator = self.random.pick(OPERATORS);
                        self.put(operator);
                        self.blank();
                        self.operand();
                    }
                }
                2 => {
                    self.gap();
                    self.put("?");
                    self.blank();
                    self.operand();
                    self.gap();
                    self.put(":");
                    self.gap();
                    self.expression();
                }
                _ => {}
            }
        }
        self.depth -= 1;
    }

    fn operand(&mut self) {
        while self.random.one_in(12) {
            let sign = self.random.pick(&["-", "!"]);
            self.put(sign);
            self.blank();
        }
        let deep = self.depth > 5;
        match self.random.below(if deep { 4 } else { 16 }) {
            0 | 1 => self.name(),
            2 => {
                let number = self.random.pick(NUMBERS);
                self.put(number);
            }
            3 | 4 => self.quoted(),
            5 | 6 => self.call(),
            7 | 8 => self.tuple(),
            9 | 10 => self.object(),
            11 => {
                self.put("(");
                self.inside(true, Self::expression);
                self.put(")");
            }
            12 => self.for_expression(),
            13 => self.heredoc(),
            14 => self.wrapped(),
            _ => self.traversal(),
        }
    }

    fn traversal(&mut self) {
        self.name();
        for _ in 0..self.random.below(4) {
            match self.random.below(6) {
                0 => self.put(".*"),
                1 => self.put("[*]"),
                2 => {
                    self.put("[");
                    self.inside(true, Self::expression);
                    self.put("]");
                }
                3 => self.put(".0"),
                _ => {
                    self.blank();
                    self.put(".");
                    self.blank();
                    self.name();
                }
            }
        }
    }

    fn call(&mut self) {
        let name = self.random.pick(&["f", "core::f", "a :: b", "in", "merge "]);
        self.put(name);
        self.put("(");
        let count = self.random.below(4);
        self.inside(true, |writer| {
            for number in 0..count {
                writer.expression();
                writer.blank();
                let last = number + 1 == count;
                match (last, writer.random.below(4)) {
                    (false, _) | (true, 0) => writer.put(","),
                    (true, 1) => writer.put("..."),
                    _ => {}
                }
                writer.blank();
            }
        });
        self.put(")");
    }

    fn tuple(&mut self) {
        self.put("[");
        let count = self.random.below(4);
        self.inside(true, |writer| {
            for number in 0..count {
                writer.expression();
                writer.blank();
                if number + 1 < count || writer.random.one_in(3) {
                    writer.put(",");
                }
                writer.blank();
            }
        });
        self.put("]");
    }

    fn object(&mut self) {
        self.put("{");
        let over_lines = self.random.one_in(2);
        let count = self.random.below(4);
        self.inside(false, |writer| {
            if over_lines {
                writer.line_end();
            }
            for number in 0..count {
                writer.blank();
                match writer.random.below(6) {
                    0 => {
                        writer.put("(");
                        writer.inside(true, Self::expression);
                        writer.put(")");
                    }
                    1 => writer.quoted(),
                    _ => writer.name(),
                }
                writer.blank();
                let sign = writer.random.pick(&["=", "=", "=", " :"]);
                writer.put(sign);
                writer.blank();
                writer.expression();
                writer.blank();
                let heredoc = writer.is_marker();
                if (number + 1 < count && !over_lines || writer.random.one_in(5)) && !heredoc {
                    writer.put(",");
                }
                if over_lines || heredoc {
                    writer.line_end();
                }
            }
        });
        self.put("}");
    }

    fn for_expression(&mut self) {
        let object = self.random.one_in(2);
        self.put(if object { "{" } else { "[" });
        self.inside(true, |writer| {
            writer.put("for ");
            writer.name();
            if writer.random.one_in(2) {
                writer.blank();
                writer.put(",");
                writer.gap();
                writer.name();
            }
            writer.gap();
            writer.put("in ");
            writer.expression();
            writer.gap();
            writer.put(":");
            writer.gap();
            writer.expression();
            if object {
                writer.blank();
                writer.put("=>");
                writer.blank();
                writer.expression();
                if writer.random.one_in(3) {
                    writer.put("...");
                }
            }
            if writer.random.one_in(3) {
                writer.gap();
                writer.put("if ");
                writer.expression();
            }
        });
        self.put(if object { "}" } else { "]" });
    }

    fn quoted(&mut self) {
        self.put("\"");
        self.parts(TEXTS);
        self.put("\"");
    }

    fn parts(&mut self, texts: &[&str]) {
        for _ in 0..self.random.below(4) {
            match self.random.below(8) {
                0..=4 => {
                    let text = self.random.pick(texts);
                    self.put(text);
                }
                5 | 6 => self.interpolation(),
                _ => {
                    let open = self.random.pick(&["%{ if ", "%{~if  "]);
                    self.put(open);
                    self.inside(true, Self::expression);
                    let middle = self.random.pick(&[" }yes%{ else }no%{endif}", "~}x%{endif ~}", "}%{  endif  }"]);
                    self.put(middle);
                }
            }
        }
    }

    fn interpolation(&mut self) {
        let open = self.random.pick(&["${", "${", "${~ "]);
        self.put(open);
        self.inside(true, Self::expression);
        let close = self.random.pick(&["}", "}", " ~}"]);
        self.put(close);
    }

    fn heredoc(&mut self) {
        let open = self.random.pick(&["<<EOT", "<<-EOT"]);
        self.put(open);
        self.put(self.line);
        for _ in 0..self.random.below(4) {
            let blank = self.random.pick(BLANKS);
            self.put(blank);
            self.parts(&["text", "  two", "\\n", "\"", "$", "% ", "$${a}", "日本", "EOT x", "# no", "a = 1", "{"]);
            if self.is_marker() {
                self.put(".");
            }
            self.put(self.line);
        }
        let blank = self.random.pick(&["", "", "  ", "\t"]);
        self.put(blank);
        self.put("EOT");
        if self.free {
            self.put(self.line);
        }
    }
}
