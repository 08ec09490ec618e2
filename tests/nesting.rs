//! What nests deep: whatever an apply records is read again.

use crate::fleet::Fleet;

#[test]
fn a_value_as_deep_as_the_language_allows_is_planned_saved_and_recorded() {
    for levels in [63, 130, 900] {
        let value = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let main = format!("podform {{\n  fleet = \"deep\"\n}}\n\noutput \"deep\" {{\n  value = {value}\n}}\n");
        let fleet = Fleet::new(&[("main.hcl", &main)]);
        fleet.run(&["plan", "-out=p"], 0);
        fleet.run(&["show", "-json", "p"], 0);
        fleet.run(&["apply", "p"], 0);
        fleet.run(&["plan", "-detailed-exitcode"], 0);
        let shown: String = fleet.run(&["output", "-json", "deep"], 0).split_whitespace().collect();
        assert_eq!(shown, value);
    }
}
