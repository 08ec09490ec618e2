//! Expressions with the answers of `terraform console` 1.11, recorded.

#![allow(clippy::unwrap_used)]

use super::tests_support::answer;

#[test]
fn answers_as_terraform_console() {
    let mut wrong = Vec::new();
    let mut asked = 0;
    for case in format!("\n{}", include_str!("fixtures/console.txt")).split("\n> ").skip(1) {
        let (expression, recorded) = case.split_once('\n').unwrap();
        let recorded = recorded.trim_end_matches('\n');
        let expected = recorded;
        let given = answer(expression);
        asked += 1;
        // Where Terraform only says no, we also suggest a name.
        if given.split(" Did you mean").next() != expected.split(" Did you mean").next() {
            wrong.push(format!("> {expression}\n  expected: {expected}\n  given:    {given}"));
        }
    }
    assert!(asked > 150);
    assert!(wrong.is_empty(), "{} of {asked} differ:\n{}", wrong.len(), wrong.join("\n"));
}
