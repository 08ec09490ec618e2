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
    use std::path::{Path, PathBuf};

    fn below(directory: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
            match entry.path() {
                path if path.is_dir() => below(&path, found),
                path if path.extension().is_some_and(|ending| ending == "hcl") => drop(found.insert(path)),
                _ => {}
            }
        }
    }

    #[test]
    fn each_example_is_carried_whole() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        let mut there = BTreeSet::new();
        below(&root, &mut there);
        let carried: BTreeSet<PathBuf> = EXAMPLES
            .iter()
            .flat_map(|(name, files)| files.iter().map(|(file, _)| root.join(name).join(file)))
            .collect();
        assert_eq!(carried, there);
    }
}
