//! The fleets of `examples/`, which the program carries.

/// A file below the fleet's directory, and its text.
pub type File = (&'static str, &'static str);

/// By their names.
pub const EXAMPLES: [(&str, &[File]); 4] = [
    ("office-hours", &[("main.hcl", include_str!("../../../../examples/office-hours/main.hcl"))]),
    ("quickstart", &[("main.hcl", include_str!("../../../../examples/quickstart/main.hcl"))]),
    (
        "render-farm",
        &[
            ("main.hcl", include_str!("../../../../examples/render-farm/main.hcl")),
            ("modules/farm/main.hcl", include_str!("../../../../examples/render-farm/modules/farm/main.hcl")),
        ],
    ),
    (
        "training-cluster",
        &[
            ("main.hcl", include_str!("../../../../examples/training-cluster/main.hcl")),
            ("outputs.hcl", include_str!("../../../../examples/training-cluster/outputs.hcl")),
            ("variables.hcl", include_str!("../../../../examples/training-cluster/variables.hcl")),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::EXAMPLES;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn below(root: &Path, directory: &Path, found: &mut BTreeSet<String>) {
        for path in std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                below(root, &path, found);
            } else if path.extension().is_some_and(|ending| ending == "hcl") {
                found.insert(path.strip_prefix(root).expect("it is below").display().to_string());
            }
        }
    }

    #[test]
    fn each_example_is_carried_whole() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        let mut there = BTreeSet::new();
        below(&root, &root, &mut there);
        let carried =
            EXAMPLES.iter().flat_map(|(name, files)| files.iter().map(move |(file, _)| format!("{name}/{file}")));
        assert_eq!(carried.collect::<BTreeSet<String>>(), there);
    }
}
