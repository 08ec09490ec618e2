//! `podform templates`: the template groups of the account, and the vendor's.

use crate::live::Group;
use crate::render::table::{Cell, Column, Table};
use serde_json::Value as Json;

/// Whose a template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// The account's: a template group.
    Own,
    /// The vendor's, for everybody.
    Global,
}

impl Owner {
    /// For people and programs.
    pub fn word(self) -> &'static str {
        match self {
            Owner::Own => "own",
            Owner::Global => "global",
        }
    }
}

/// What is shown of each. Scripts and values of the environment may hold secrets: only how long, and which, is told.
const COLUMNS: [Column; 15] = [
    Column::new("id", "Id"),
    Column::new("owner", "Owner"),
    Column::new("name", "Name").enough(24),
    Column::new("image_name", "Image").enough(24),
    Column::new("default_tag", "Tag").spare(6),
    Column::new("category_name", "Category").spare(7),
    Column::new("disk_size", "Disk GB").spare(1),
    Column::new("expose_ports", "Ports").spare(2),
    Column::new("ssh_server", "SSH").spare(4),
    Column::new("jupyter", "Jupyter").spare(5),
    Column::new("env_names", "Environment").spare(9),
    Column::new("start_script_lines", "Script lines").spare(10),
    Column::new("registry_host", "Registry").spare(11),
    Column::new("managed_by", "Managed by").spare(8),
    Column::new("notes", "Notes").spare(12),
];

/// All of them; `empty` is said where there is none.
pub fn templates_table(templates: &[(Owner, Group)], empty: String) -> Table {
    Table {
        rows_name: "templates",
        columns: COLUMNS.to_vec(),
        rows: templates.iter().map(|(owner, group)| row(*owner, group)).collect(),
        total: None,
        facts: Vec::new(),
        notes: Vec::new(),
        empty,
    }
}

/// One for people: a line for whatever is known of it.
pub fn template_table(owner: Owner, group: &Group) -> Table {
    let known = COLUMNS.iter().zip(row(owner, group)).filter(|(_, cell)| *cell != Cell::Empty);
    let line = |(column, cell): (&Column, Cell)| vec![column.title.into(), cell];
    Table {
        rows_name: "templates",
        columns: vec![Column::new("attribute", "Attribute"), Column::new("value", "Value")],
        rows: known.map(line).collect(),
        ..Table::default()
    }
}

fn row(owner: Owner, group: &Group) -> Vec<Cell> {
    let shown = |name: &str| group.shown.get(name);
    let text = |name: &str| Cell::from(shown(name).and_then(Json::as_str));
    let flag = |name: &str| Cell::from(shown(name).and_then(Json::as_bool));
    let ports = shown("expose_ports").and_then(Json::as_array).filter(|ports| !ports.is_empty());
    let (notes, mark) = (group.notes.as_ref().map(|notes| notes.text().to_owned()), group.mark());
    let env = group.env.as_ref().filter(|env| !env.0.is_empty());
    let script = shown("start_script").and_then(Json::as_str).filter(|script| !script.is_empty());
    let registry = group.host.as_deref().filter(|_| group.password_protected.unwrap_or(false));
    vec![
        group.id.to_string().into(),
        owner.word().into(),
        text("name"),
        text("image_name"),
        text("default_tag"),
        text("category_name"),
        shown("disk_size").and_then(Json::as_u64).into(),
        ports.map(|ports| Cell::Numbers(ports.iter().filter_map(Json::as_u64).collect())).into(),
        flag("ssh_server"),
        flag("jupyter"),
        env.map(|env| Cell::List(env.0.keys().cloned().collect())).into(),
        script.map(|script| script.lines().count()).into(),
        registry.into(),
        mark.map(|mark| format!("{} ({})", mark.address, mark.fleet)).into(),
        // A configuration may hold the notes of its own as a secret.
        notes.filter(|_| mark.is_none()).into(),
    ]
}
