//! Parsing: places, recovery, heredocs, limits.

#![allow(clippy::unwrap_used)]

use super::ast::{Body, Expr, ExprKind};
use super::stack::on_deep_stack;
use super::tests_support::{TestScope, answer};
use super::{body, eval, parse, reference};
use crate::diag::{Diagnostics, Sources};

fn parsed(text: &str) -> (Body, Diagnostics) {
    let file = Sources::default().add("test.hcl", text);
    let mut diags = Diagnostics::new();
    let body = parse::parse_body(file, text, &mut diags);
    (body, diags)
}

fn marked(text: &str) -> Vec<(String, String)> {
    let (_, diags) = parsed(text);
    let place = |span: crate::diag::Span| text.get(span.start as usize..span.end as usize).unwrap_or("?").to_owned();
    diags.iter().map(|d| (d.summary.clone(), d.span.map_or("".into(), place))).collect()
}

fn value_of(text: &str) -> String {
    let (body, mut diags) = parsed(text);
    let value = eval::evaluate(&body.attributes[0].expr, &TestScope, &mut diags);
    assert!(diags.is_empty(), "{diags:?}");
    value.as_str().unwrap().to_owned()
}

#[test]
fn spans_survive_a_byte_order_mark_and_crlf() {
    let text = "\u{feff}a = 1\r\nb \"x\" {\r\n  c = foo.bar\r\n}\r\n";
    let (body, diags) = parsed(text);
    assert!(diags.is_empty(), "{diags:?}");
    let at = |span: crate::diag::Span| &text[span.start as usize..span.end as usize];
    assert_eq!(at(body.attributes[0].name_span), "a");
    assert_eq!(at(body.blocks[0].span), "b \"x\"");
    assert_eq!(at(body.blocks[0].body.attributes[0].expr.span), "foo.bar");
}

#[test]
fn reports_the_errors_of_all_blocks() {
    let text = "a \"x\" {\n  b = \n}\n\nc = 1 2\nd {\n  e = [1 2]\n}\nf \"y\" {\n  g = 3\n}\n";
    let (body, diags) = parsed(text);
    assert_eq!(diags.len(), 3, "{diags:?}");
    assert_eq!(body.blocks.len(), 1);
    assert_eq!(
        marked(text),
        [
            ("Invalid expression".into(), "\n".into()),
            ("Missing newline after argument".into(), "2".into()),
            ("Missing item separator".into(), "2".to_owned()),
        ]
    );
}

#[test]
fn an_unclosed_block_does_not_hide_the_next() {
    let text = "resource \"a\" \"b\" {\n  x = 1\n\nresource \"c\" \"d\" {\n  y = 2\n}\n";
    let (body, diags) = parsed(text);
    assert_eq!((body.blocks.len(), diags.len()), (1, 1), "{diags:?}");
    assert_eq!(marked(text), [("Unclosed configuration block".into(), "{".to_owned())]);
}

#[test]
fn a_repeated_argument_is_reported_and_a_repeated_key_is_not() {
    let text = "x {\n  a = 1\n  a = 2\n  b = { k = 1, k = 2, \"q\" = 1, \"q\" = 2 }\n}\n";
    let (body, diags) = parsed(text);
    assert_eq!(marked(text), [("Attribute redefined".into(), "a".to_owned())]);
    assert_eq!(body.blocks[0].body.attributes.len(), 2);
    let mut diags = diags.clone();
    let value = eval::evaluate(&body.blocks[0].body.attributes[1].expr, &TestScope, &mut diags);
    assert_eq!(value.get("k").and_then(|v| v.as_number()).and_then(|n| n.as_i64()), Some(2));
    assert_eq!(value.get("q").and_then(|v| v.as_number()).and_then(|n| n.as_i64()), Some(2));
}

#[test]
fn what_stands_in_the_way_is_told_whole() {
    let told = |text: &str| parsed(text).1.iter().next().unwrap().detail.clone();
    assert!(told("a = [for b in- c : b]\n").ends_with("but \"in-\" stands here."));
    assert!(told("a = b 1-c\n").contains("but \"1\" follows"), "{}", told("a = b 1-c\n"));
}

#[test]
fn quoted_strings_end_with_their_line() {
    assert_eq!(marked("a = \"x\ny\"\n"), [("Invalid multi-line string".into(), "\n".to_owned())]);
    assert_eq!(marked("a = \"x\\qy\"\n")[0].0, "Invalid escape sequence");
}

#[test]
fn heredocs_as_terraform_reads_them() {
    for case in
        format!("\n{}", include_str!("fixtures/heredoc.txt")).split("\n=====\n").filter(|case| !case.trim().is_empty())
    {
        let (source, expected) = case.split_once("\n-----\n").unwrap();
        let expected: String = serde_json::from_str(expected.trim()).unwrap();
        assert_eq!(value_of(&format!("{}\n", source.trim_start_matches('\n'))), expected, "{source}");
    }
}

#[test]
fn a_heredoc_without_a_line_ends() {
    for text in [
        "a = <<EOT\nEOT\nb = 1\n",
        "a = <<-EOT\n\t EOT\nb = 1\n",
        "a = <<EOT\r\nEOT\r\nb = 1\r\n",
        "\u{feff}a = (<<x\nx\n)\nb = <<y\n  y\n",
        "a = {\n  k = <<E\nE\n}.k\nb = 1\nc {\n}\nd = [1 2]\n",
    ] {
        let (body, mut diags) = parsed(text);
        assert_eq!(body.attributes.len(), 2, "{text:?} {diags:?}");
        assert_eq!(eval::evaluate(&body.attributes[0].expr, &TestScope, &mut diags).as_str(), Some(""), "{text:?}");
    }
}

/// Where the syntax crate sees something else than Terraform.
#[test]
fn blanks_and_comments_stand_where_terraform_has_them() {
    for (text, expected) in [
        ("a = \"n${[for\n x\n in [1] :x][0]}\"\n", "n1"),
        ("a = \"n${-\n2}\"\n", "n-2"),
        ("a = \"n${- /* 7 */ # 8\n 2}\"\n", "n-2"),
        ("a = \"${join(\"\", [for x in {v = [3]}\n .v : x])}\"\n", "3"),
        ("a = \"n${! # c\n false}\"\n", "ntrue"),
        ("a = \"%{if ! # c\n false}y%{endif}\"\n", "y"),
        ("a = {\n k = max(1) * 2 # c\n\n (\"l\") = \"m\"\n}.l\n", "m"),
        ("a = <<EOT\nEOT x\n EOTx\n\tEOT \n", "EOT x\n EOTx\n"),
        ("a = \"%{ for\tx /**/ in [1]\n}${x}%{endfor}\"\n", "1"),
    ] {
        assert_eq!(value_of(text), expected, "{text}");
    }
}

/// What `terraform validate` refuses, and the syntax crate reads.
#[test]
fn what_terraform_refuses_is_refused() {
    for (text, expected, place) in [
        ("a = 1.2.3\n", "Invalid number literal", "1.2.3"),
        ("a = [].*.*\n", "Nested splat expression not allowed", "*"),
        ("a = [1, \r 2]\nb = 1\n", "Invalid character", "\r"),
        ("a = <<EOT\nx\nEOT)\n", "Unterminated template string", "<<EOT"),
    ] {
        assert_eq!(marked(text), [(expected.to_owned(), place.to_owned())], "{text}");
    }
}

/// What nests, as what stands around `1` at each level.
const NESTS: [(&str, &str); 11] = [
    ("(", ")"),
    ("[", "]"),
    ("{a=", "}"),
    ("!", ""),
    ("-", ""),
    ("\"${", "}\""),
    ("true ? ", " : 0"),
    ("true ? 0 : ", ""),
    ("[for x in [1] : ", "]"),
    ("max(", ")"),
    ("[1][", "]"),
];

fn nested(levels: usize, (open, close): (&str, &str)) -> String {
    format!("{}1{}", open.repeat(levels), close.repeat(levels))
}

#[test]
fn a_thousand_levels_are_read_and_more_are_one_error() {
    on_deep_stack(|| {
        for nest in NESTS {
            let scope = &TestScope;
            let (body, mut diags) = parsed(&format!("a = {}\n", nested(1000, nest)));
            assert!(diags.is_empty(), "{nest:?}: {diags:?}");
            let expr = &body.attributes[0].expr;
            reference::references(expr, &mut diags);
            super::type_expr::parse_constraint(expr, &mut Diagnostics::new());
            eval::evaluate(expr, scope, &mut diags);
            // `!1` and `[1][1]` are no values.
            let known = ["Invalid operand", "Invalid index"];
            assert!(diags.iter().all(|told| known.contains(&&*told.summary)), "{nest:?}: {diags:?}");
            assert_eq!(format!("{expr:?}").is_empty(), format!("{:?}", Expr::clone(expr)).is_empty());
            for levels in [1100, 100_000] {
                let told = marked(&format!("a = {}\n", nested(levels, nest)));
                assert_eq!(told.len(), 1, "{nest:?}: {told:?}");
                assert_eq!(told[0].0, "Expression too deep", "{nest:?}");
            }
        }
        for unclosed in ["(", "[", "{a=", "!", "\"${", "%{if true}"] {
            assert!(answer(&unclosed.repeat(100_000)).starts_with("Error: "));
        }
        let directives =
            |levels: usize| format!("a = \"{}1{}\"\n", "%{if true}".repeat(levels), "%{endif}".repeat(levels));
        assert_eq!(marked(&directives(1000)), []);
        assert_eq!(value_of(&directives(1000)), "1");
        assert_eq!(marked(&directives(1100)).len(), 1);
        let blocks = |levels: usize| format!("{}{}", "b {\n".repeat(levels), "}\n".repeat(levels));
        assert_eq!(marked(&blocks(1000)), []);
        assert_eq!(marked(&blocks(1100)).len(), 1);
    })
    .unwrap();
}

#[test]
fn nothing_is_too_long() {
    for (text, expected) in [
        (format!("1{}", "+1".repeat(100_000)), "100001"),
        (format!("1{}", " - 2 * 3 + 6".repeat(50_000)), "1"),
        (format!("true{}", " && true || false".repeat(50_000)), "true"),
        (format!("length([1{}])", ", 1".repeat(100_000)), "100001"),
        (format!("length(\"{}\")", "${1}".repeat(100_000)), "100000"),
    ] {
        assert_eq!(answer(&text), expected, "{:.30}", text);
    }
    let steps = answer(&format!("var.o{}", ".a".repeat(100_000)));
    assert!(steps.starts_with("Error: Unsupported attribute"), "{steps}");
}

#[test]
fn many_blocks_are_fast() {
    let text: String =
        (0..10_000).map(|i| format!("resource \"a\" \"b{i}\" {{\n  x = [1, \"y${{{i}}}\"]\n}}\n")).collect();
    let start = std::time::Instant::now();
    let (body, diags) = parsed(&text);
    assert_eq!((body.blocks.len(), diags.len()), (10_000, 0));
    let (body, diags) = parsed(&format!("{text}z = \n"));
    assert_eq!((body.blocks.len(), diags.len()), (10_000, 1));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn dynamic_blocks_expand_and_bind_their_iterator() {
    let text = "dynamic \"offer\" {\n  for_each = [\"a\", \"b\"]\n  content {\n    region = \"${offer.key}${offer.value}\"\n    other = local.l\n  }\n}\n";
    let (parsed_body, mut diags) = parsed(text);
    let blocks = body::expand_dynamic(&parsed_body, &TestScope, &[], &mut diags);
    let values: Vec<_> = blocks
        .iter()
        .map(|block| eval::evaluate_in(&block.body.attributes[0].expr, &TestScope, &block.bindings, &mut diags))
        .map(|value| value.as_str().unwrap().to_owned())
        .collect();
    assert!(diags.is_empty(), "{diags:?}");
    assert_eq!(values, ["0a", "1b"]);
    let references = reference::body_references(&parsed_body, &mut diags);
    assert_eq!(references.iter().map(|r| r.subject.clone()).collect::<Vec<_>>(), [super::Subject::Local("l".into())]);
}

#[test]
fn references_name_subject_and_path() {
    let text = "a = [for x in simplepod_instance.w[0].ids : x.y + var.n + data.k.v.attr]\n";
    let (body, mut diags) = parsed(text);
    assert!(matches!(body.attributes[0].expr.kind, ExprKind::For(_)));
    let found = reference::references(&body.attributes[0].expr, &mut diags);
    let shown: Vec<String> = found.iter().map(|r| format!("{:?} {}", r.subject, r.path)).collect();
    assert_eq!(
        shown,
        [
            "Resource(Managed, \"simplepod_instance\", \"w\") [0].ids",
            "Variable(\"n\") ",
            "Resource(Data, \"k\", \"v\") attr"
        ]
    );
}

#[test]
fn what_tells_instances_apart_is_not_alike() {
    let alike = |text: &str| {
        let (body, diags) = parsed(&format!("a = {text}\n"));
        assert!(diags.is_empty(), "{text}: {diags:?}");
        reference::is_alike(&body.attributes[0].expr)
    };
    let same =
        ["1", "\"a${var.b}\"", "[for count in [1] : count + local.n]", "simplepod_instance.w[*].id", "path.module"];
    let other = [
        "count.index",
        "\"n-${count.index}\"",
        "{ a = [each.value] }",
        "self.id",
        "uuid()",
        "[for x in [1] : each.key]",
        "var.list[count.index]",
        "true ? each.key : null",
        "\"%{ if true }${upper(\"a\")}%{ endif }\"",
    ];
    assert!(same.iter().all(|text| alike(text)));
    assert_eq!(other.iter().filter(|text| alike(text)).count(), 0);
}

#[test]
fn errors_of_one_expression_do_not_tell_of_our_parentheses() {
    let summary = |text: &str| answer(text).split(": ").nth(1).unwrap().to_owned();
    assert_eq!(summary("a b"), "Extra characters after expression");
    assert_eq!(summary("[1, 2"), "Unterminated tuple constructor expression");
    assert_eq!(summary("\"${1"), "Unclosed template interpolation sequence");
    assert_eq!(summary("1 +"), "Missing expression");
    assert_eq!(summary("\"%{ if true }\""), "Unexpected end of template");
    for text in ["1 +", "var.o.", "true ? 1", ")"] {
        assert!(!answer(text).contains("\")\" stands") || text == ")", "{text}");
    }
}

#[test]
fn the_indentation_of_a_heredoc_goes_by_clusters_of_unicode_15() {
    let mut diags = Diagnostics::new();
    let mut sources = crate::diag::Sources::default();
    // A mark since Unicode 16.
    let text = "a = <<-E\n \u{897}x\n  b\nE\n";
    let file = sources.add("a.hcl", text);
    let body = parse::parse_body(file, text, &mut diags);
    let value = super::eval::evaluate(&body.attributes[0].expr, &super::reference::NoScope, &mut diags);
    assert_eq!(value.as_str(), Some("\u{897}x\n b\n"));
    assert_eq!(sources.position(file, 13), (2, 3), "its own column");
}
