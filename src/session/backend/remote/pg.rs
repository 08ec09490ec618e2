//! `backend "pg"`.

use super::unusable;
use crate::config::{Arguments, BackendKind};
use crate::session::environment::environment;
use crate::session::failure::Failure;
use crate::store::Backend;
use crate::store::remote::pg::{AdvisoryLock, Create, Database, Rows, Settings};
use crate::store::remote::{Keyed, Naming};
use std::sync::Arc;

/// Nothing is called yet.
///
/// # Errors
/// Its arguments do not go together.
pub fn pg(arguments: &Arguments) -> Result<Box<dyn Backend>, Failure> {
    let kind = BackendKind::Pg;
    let makes = |name: &str| !arguments.flag(name).unwrap_or(false);
    let create = Create {
        schema: makes("skip_schema_creation"),
        tables: makes("skip_table_creation"),
        index: makes("skip_index_creation"),
    };
    let variable = |name: &str| environment(name).ok().flatten();
    let conn_str = arguments.text("conn_str").unwrap_or_default();
    let settings = Settings::read(conn_str, arguments.text("schema_name"), create, variable);
    let database = Arc::new(Database::new(settings.map_err(|why| unusable(kind, &why))?));
    let objects = Arc::new(Rows(database.clone()));
    Ok(Box::new(Keyed::new(objects, Naming::Pg, move |workspace, _| {
        Box::new(AdvisoryLock::new(database.clone(), workspace))
    })))
}
