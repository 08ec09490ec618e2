//! `docs/data-sources.md` is made of the tables of the data sources. `UPDATE_GOLDEN=1` writes it anew.

use crate::fleet::Fleet;
use podform::schema::data::ALL;
use podform::schema::{Attribute, Presence, Schema, Ty, Unset};
use std::fmt::Write as _;
use std::path::Path;

const HEAD: &str = "# Data sources

What a configuration may read of the market and the account. Nothing is changed by it. A data source is read while a plan is made,
and during the apply where its arguments are known only then. Attributes are null where the API tells nothing.

```hcl
data \"simplepod_offers\" \"cheap\" {
  gpu_model         = \"RTX 4090\"
  max_price_per_gpu = 0.50

  offer {
    region     = \"Europe\"
    min_memory = 32
  }
}

data \"simplepod_account\" \"this\" {}

output \"cheapest\" {
  value = try(data.simplepod_offers.cheap.offers[0].price_per_gpu, null)
}

output \"hours_left\" {
  value = data.simplepod_account.this.balance / max(0.01, data.simplepod_account.this.hourly_cost)
}
```
";

fn of_type(ty: Ty) -> String {
    match ty {
        Ty::String => "string".to_owned(),
        Ty::Bool => "bool".to_owned(),
        Ty::Number => "number".to_owned(),
        Ty::StringList => "list(string)".to_owned(),
        Ty::NumberList => "list(number)".to_owned(),
        Ty::StringMap => "map(string)".to_owned(),
        Ty::Rows(_) => "list(object)".to_owned(),
    }
}

fn default(attribute: &Attribute) -> String {
    match (attribute.presence, attribute.unset) {
        (Presence::Required, _) => "required".to_owned(),
        (Presence::OptionalComputed, _) => "one of the two".to_owned(),
        (_, Unset::Null) => "any".to_owned(),
        (_, Unset::Text(text)) => format!("`{text:?}`"),
        (_, Unset::Int(number)) => format!("`{number}`"),
        (_, Unset::Bool(yes)) => format!("`{yes}`"),
    }
}

fn chapter(schema: &Schema, page: &mut String) {
    let _ = write!(page, "\n## `{}`\n\n{}\n", schema.block_type(), schema.doc);
    let is_given = |attribute: &&Attribute| attribute.presence != Presence::Computed;
    let (given, told): (Vec<&Attribute>, Vec<&Attribute>) = schema.attributes.iter().partition(is_given);
    if !given.is_empty() {
        let _ = write!(page, "\n| argument | type | default | |\n|---|---|---|---|\n");
    }
    for attribute in given {
        let (ty, default) = (of_type(attribute.ty), default(attribute));
        let _ = writeln!(page, "| `{}` | {ty} | {default} | {} |", attribute.name, attribute.doc);
    }
    for block in schema.blocks {
        let _ = write!(page, "\nBlock `{}`: {}\n\n| argument | type | |\n|---|---|---|\n", block.name, block.doc);
        for attribute in block.attributes {
            let _ = writeln!(page, "| `{}` | {} | {} |", attribute.name, of_type(attribute.ty), attribute.doc);
        }
    }
    let _ = write!(page, "\n| attribute | type | |\n|---|---|---|\n");
    for attribute in &told {
        let _ = writeln!(page, "| `{}` | {} | {} |", attribute.name, of_type(attribute.ty), attribute.doc);
    }
    for attribute in told {
        let Ty::Rows(columns) = attribute.ty else { continue };
        let _ = write!(page, "\nEach of `{}`:\n\n| attribute | type | |\n|---|---|---|\n", attribute.name);
        for (name, ty, doc) in columns {
            let _ = writeln!(page, "| `{name}` | {} | {doc} |", of_type(*ty));
        }
    }
}

#[test]
fn the_page_says_what_the_tables_say() {
    let mut page = HEAD.to_owned();
    ALL.iter().for_each(|schema| chapter(schema, &mut page));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data-sources.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), page, "UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn its_example_can_be_planned() {
    let example = HEAD.split("```").nth(1).unwrap().trim_start_matches("hcl");
    let fleet = Fleet::new(&[("main.hcl", example)]);
    let told = fleet.run(&["plan", "-json"], 0);
    assert!(told.contains("\"cheapest\"") && told.contains("\"hours_left\""), "{told}");
}
