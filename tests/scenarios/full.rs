//! Where the things that plans say are drawn in full.
//!
//! What the JSON of a plan tells apart needs no list: `scenarios` collects it from all plans, and fails where one of them
//! says in few lines what no story draws. This list holds what a drawing tells beyond that.

use super::transcript::{Section, parse};
use super::{files, name};
use std::fs;

/// What is drawn, where, and by which words it is known.
const DRAWN: &[(&str, &str, &str)] = &[
    ("rent, create, costs", "create", "Fleet per month (730 h)"),
    ("symbols of a re-rent that makes first", "create_before_destroy", "create replacement and then destroy (re-rent)"),
    ("no changes", "no_op", "No changes. Your fleet matches the configuration."),
    ("no changes but what is named", "in_doubt", "Nothing to do now."),
    ("destroy", "destroy", "will be released"),
    ("refresh-only", "refresh_only", "Applying this plan takes these changes into the state"),
    ("outputs alone", "variable_order", "You can apply this plan to save these new output values"),
    ("outputs, nested", "outputs", "Changes to Outputs:"),
    ("drift of a machine", "mark_edited", "# simplepod_instance.worker has changed"),
    ("drift of a group", "drift_group", "# simplepod_template_group.base has changed"),
    ("drift: gone", "drift_deleted", "# simplepod_instance.worker is gone"),
    ("what forces a re-rent", "replace_gpu_count", "# forces re-rent"),
    ("a map that forces a re-rent", "env_change_rent", "} # forces re-rent"),
    ("requirements that are not met", "offer_judged", "is not met by the host it runs on)"),
    ("requirements of an offer", "offer_judged", "(at least"),
    ("an offer block", "dynamic_block", "+ offer {"),
    ("models to fall back on", "fallback", "else:"),
    ("an offer without a known disk", "global_template", "per hour"),
    ("tainted by hand", "taint", "is tainted, so it must be re-rented"),
    ("tainted by what the machine did", "pull_failure", "(because its status is created: Error pulling image"),
    ("why: the block is gone", "removed", "is not in configuration)"),
    ("why: not enabled", "enabled", "(because enabled is false for"),
    ("why: no such index", "null_outputs", "is out of range for count)"),
    ("why: no such key", "for_each_key", "is not in for_each map)"),
    ("why: no longer counted", "moved_module_key", "uses count or for_each now)"),
    ("why: no such module", "moved_module_key", "because module.node[0] is not in configuration"),
    ("why: its template", "script_edit_rent", "changes, and template_change = \"rent\")"),
    ("a deposed object", "create_before_destroy", "left over from a replacement that did not come to its end"),
    ("let go", "removed", "will no longer be managed by podform, but will not be destroyed"),
    ("moved", "moved_count", "has moved to"),
    ("moved and changed", "moved", "# (moved from"),
    ("imported", "import", "will be imported"),
    ("imported and changed", "import_all_secrets", "# (imported from"),
    ("read during the apply", "data_sources", "will be read during apply"),
    ("narrowed", "target", "Warning: Resource targeting is in effect"),
    ("in doubt", "in_doubt", "is in doubt"),
    ("left out", "allow_partial", "No offer for 1 instance"),
    ("remarks on what changes", "drift_mark", "# "),
    ("remarks on what does not", "script_edit_keep", "without a change"),
    ("prevent_destroy recorded", "prevent_destroy_expression", "prevent_destroy is recorded"),
    ("prevent_destroy no more", "prevent_destroy_expression", "prevent_destroy is no longer recorded"),
    ("a script of several lines", "script_edit_keep", "<<-EOT"),
    ("a sensitive value in a map", "sensitive", "(sensitive value)"),
    ("a sensitive value in a block", "registry_password", "(sensitive value)"),
    ("an error with its source", "diag_ranges", "^^\n│\n│ The value is 17;"),
    ("an error without a source", "account", "╷\n│ Error: Another API key\n│\n│ "),
    ("a warning", "check_blocks", "╷\n│ Warning: "),
    ("unknown values in a map", "dependency_order", "(known after apply)"),
];

/// What the stories show of the full drawings of one of them, with what stands on standard error.
fn drawn(sections: &[Section]) -> String {
    let mut full = false;
    let told = sections.iter().filter(|section| {
        full = section.command().map_or(full && section.is_result(), |(_, full)| full);
        full
    });
    told.map(|section| section.body.as_str()).collect()
}

#[test]
fn each_thing_that_plans_say_is_drawn_in_full_somewhere() {
    for (what, story, words) in DRAWN {
        let path = files().into_iter().find(|path| name(path) == *story);
        let path = path.unwrap_or_else(|| panic!("{what}: there is no story {story}"));
        let (_, sections) = parse(&fs::read_to_string(path).unwrap());
        assert!(drawn(&sections).contains(words), "{what}: {story} does not draw {words:?} in full");
    }
}
