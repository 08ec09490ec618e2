//! Random expressions of such files.

use super::{BLANKS, Writer};

const NUMBERS: &[&str] = &["0", "1", "42", "1.5", "1e5", "2.5E-3", "007"];
const OPERATORS: &[&str] = &["+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"];
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

impl Writer<'_> {
    pub(super) fn expression(&mut self) {
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
