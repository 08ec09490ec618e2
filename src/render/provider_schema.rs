//! The tables of resources and data sources, in the form of `terraform providers schema -json`.

use crate::lang::json::type_to_json;
use crate::schema::{self, Attribute, BlockType, PROVIDER, Presence, Schema};
use serde_json::{Map, Value as Json, json};

/// `format_version` and `provider_schemas`. It is of this build, whatever a configuration uses.
pub fn provider_schema() -> Json {
    let tables = |all: &[&Schema]| -> Map<String, Json> {
        all.iter().map(|table| (table.block_type().to_owned(), versioned(table_block(table)))).collect()
    };
    let provider = block(schema::PROVIDER_SETTINGS, &[], "The account on SimplePod.ai.");
    json!({
        "format_version": "1.0",
        "provider_schemas": {
            PROVIDER: {
                "provider": versioned(provider),
                "resource_schemas": tables(&schema::ALL),
                "data_source_schemas": tables(&schema::data::ALL),
            },
        },
    })
}

/// The version is that of the recorded objects.
fn versioned(block: Json) -> Json {
    json!({ "version": 0, "block": block })
}

fn table_block(table: &Schema) -> Json {
    block(table.attributes, table.blocks, table.doc)
}

fn block(attributes: &[Attribute], blocks: &[BlockType], doc: &str) -> Json {
    let mut told = Map::new();
    let named = attributes.iter().map(|known| (known.name.to_owned(), attribute(known)));
    told.insert("attributes".into(), Json::Object(named.collect()));
    if !blocks.is_empty() {
        // A block is an object, or null where it is absent: what Terraform calls single.
        let nested = |nested: &BlockType| {
            let nesting = json!({ "nesting_mode": "single", "block": block(nested.attributes, &[], nested.doc) });
            (nested.name.to_owned(), nesting)
        };
        told.insert("block_types".into(), Json::Object(blocks.iter().map(nested).collect()));
    }
    told.insert("description".into(), doc.into());
    told.insert("description_kind".into(), "plain".into());
    told.into()
}

fn attribute(attribute: &Attribute) -> Json {
    let mut told = Map::new();
    told.insert("type".into(), type_to_json(&attribute.ty.to_type()));
    told.insert("description".into(), attribute.doc.into());
    told.insert("description_kind".into(), "plain".into());
    let given: &[&str] = match attribute.presence {
        Presence::Required => &["required"],
        Presence::Optional => &["optional"],
        Presence::OptionalComputed => &["optional", "computed"],
        Presence::Computed => &["computed"],
    };
    let sensitive = attribute.sensitive.then_some("sensitive");
    told.extend(given.iter().copied().chain(sensitive).map(|name| (name.to_owned(), true.into())));
    told.into()
}

#[cfg(test)]
mod tests {
    use super::provider_schema;
    use crate::schema::PROVIDER;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn every_table_is_there_with_what_it_says_of_its_attributes() {
        let all = provider_schema();
        let provider = &all["provider_schemas"][PROVIDER];
        let names = |kind: &str| -> Vec<&str> {
            let names: BTreeSet<&str> =
                provider[kind].as_object().expect("an object").keys().map(String::as_str).collect();
            names.into_iter().collect()
        };
        assert_eq!(names("resource_schemas"), ["simplepod_instance", "simplepod_template_group"]);
        assert_eq!(
            names("data_source_schemas"),
            [
                "simplepod_account",
                "simplepod_global_template",
                "simplepod_instance",
                "simplepod_offers",
                "simplepod_template_group"
            ]
        );
        let group = &provider["resource_schemas"]["simplepod_template_group"]["block"];
        let is = |at: &serde_json::Value, ty: serde_json::Value, words: &[&str]| {
            assert_eq!(at["type"], ty, "{at}");
            for word in ["required", "optional", "computed", "sensitive"] {
                assert_eq!(at[word] == true, words.contains(&word), "{word}: {at}");
            }
            assert!(at["description"].as_str().is_some_and(|text| !text.is_empty()), "{at}");
        };
        is(&group["attributes"]["name"], json!("string"), &["required"]);
        is(&group["attributes"]["id"], json!("string"), &["computed"]);
        is(&group["attributes"]["expose_ports"], json!(["list", "number"]), &["optional"]);
        let registry = &group["block_types"]["registry"];
        assert_eq!(registry["nesting_mode"], "single");
        is(&registry["block"]["attributes"]["password"], json!("string"), &["required", "sensitive"]);
        let machine = &provider["resource_schemas"]["simplepod_instance"]["block"];
        is(&machine["attributes"]["auto_renew"], json!("bool"), &["optional", "computed"]);
        is(&machine["block_types"]["offer"]["block"]["attributes"]["min_memory"], json!("number"), &["optional"]);
        let offers = &provider["data_source_schemas"]["simplepod_offers"]["block"]["attributes"]["offers"];
        assert_eq!(offers["type"][0], "list");
        assert_eq!(offers["type"][1][1]["gpu_model"], "string");
        let settings = &provider["provider"]["block"]["attributes"];
        is(&settings["api_key"], json!("string"), &["optional", "sensitive"]);
        is(&settings["requests_per_second"], json!("number"), &["optional"]);
    }
}
