//! Configuration for `import` blocks whose resource is not declared: `plan -generate-config-out`.

use super::failure::Failure;
use super::fleet;
use super::open::Opening;
use super::stored;
use super::unmanaged::templates;
use super::variables;
use super::work::Session;
use crate::address::{InstanceAddr, ResourceAddr};
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::config::{
    Configuration, DataInstance, Import, ImportRequest, Instance, Judging, Resolve, Unresolved, evaluate,
};
use crate::diag::{Diagnostic, Diagnostics, Sources, Span};
use crate::lang::Value;
use crate::live::{Group, LiveObject, Machine, ObjectId};
use crate::render::resource_blocks;
use std::collections::{BTreeMap, BTreeSet};

/// The configuration of what stands in the account under the ids of import blocks without one; `None` where nothing is
/// missing. What is wrong elsewhere is told when the configuration is read for a plan.
///
/// # Errors
/// An import block for which no configuration can be made; what cannot be read.
pub async fn generated(opening: &Opening, sources: &mut Sources) -> Result<Option<String>, Failure> {
    let mut told = Diagnostics::new();
    let (configuration, _) = fleet::read(sources, &mut told);
    let stand_ins = stand_ins(&configuration)?;
    if stand_ins.is_empty() {
        return Ok(None);
    }
    let blocks: Vec<String> = stand_ins.iter().map(stand_in).collect();
    let (configuration, texts) = fleet::read_with(&blocks, sources, &mut told);
    let given = variables::given(&opening.settings, configuration.root(), sources, &mut told);
    let fleet = fleet::as_far_as_known(configuration, texts, given, &opening.effects, sources, &mut told);
    let Some(fleet) = fleet else { return Ok(None) };
    let (state, _) = stored::read(&opening.account.place()).await?;
    let text = opening.looking(&fleet, &state, async |session| generate(session, &stand_ins).await);
    Ok(Some(text.await?))
}

/// The resources that import blocks name and nobody declares.
fn stand_ins(configuration: &Configuration) -> Result<BTreeSet<ResourceAddr>, Diagnostics> {
    let mut wrong = Diagnostics::new();
    let mut found = BTreeSet::new();
    for import in missing(configuration) {
        match import.constant() {
            Some(InstanceAddr { key: None, resource }) => {
                found.insert(resource);
            }
            _ => {
                let detail = "The given import block is not compatible with config generation. -generate-config-out cannot be used with import blocks which use for_each, or resources which use for_each or count.";
                let told = Diagnostic::error("Configuration for import target does not exist", detail);
                wrong.push(told.at(import.to.span));
            }
        }
    }
    if wrong.has_errors() { Err(wrong) } else { Ok(found) }
}

/// A block in the place of one that is not declared, and that makes nothing.
fn stand_in(resource: &ResourceAddr) -> String {
    format!("resource \"{}\" \"{}\" {{\n  enabled = false\n}}\n", resource.kind, resource.name)
}

fn missing(configuration: &Configuration) -> impl Iterator<Item = &Import> {
    let imports = configuration.root().imports.iter();
    imports.filter(|import| {
        let resource = &import.resource;
        resource.module.is_root() && resource.object_kind().is_some() && configuration.declaration(resource).is_none()
    })
}

async fn generate<C: Cloud>(session: &Session<'_, C>, wanted: &BTreeSet<ResourceAddr>) -> Result<String, Failure> {
    let mut ids = Ids::default();
    evaluate(&session.fleet.program, session.planning, &mut ids, &mut Diagnostics::new());
    let (mut groups, mut machines) = (Vec::new(), Vec::new());
    for (address, (id, span)) in ids.0.into_iter().filter(|(address, _)| wanted.contains(&address.resource)) {
        let resource = &address.resource;
        let Some(kind) = resource.object_kind() else { continue };
        let wrong = |summary: &str, detail: String| Diagnostic::error(summary, detail).at(span).on(&address);
        let Some(text) = id.as_str().filter(|_| id.marks.is_none()) else {
            let detail = "The id must be a known text that is not sensitive: it stands in every plan.".to_owned();
            return Err(wrong("Invalid import id argument", detail).into());
        };
        let object = ObjectId::of_import(kind, text);
        let object = object.ok_or_else(|| {
            wrong("Invalid import id argument", format!("\"{text}\" is no id of a {kind}: that is a number."))
        })?;
        let doing = format!("Reading the {kind} {}", object.number());
        let read = session.cloud.object(object).await.map_err(|error| fault(&doing, &error))?;
        let name = resource.name.to_string();
        match read.filter(|object| !object.is_gone()) {
            Some(LiveObject::Machine(machine)) => machines.push((name, *machine)),
            Some(LiveObject::Group(group)) => groups.push((name, *group)),
            None => {
                let number = object.number();
                let detail =
                    format!("The account holds no {kind} {number}, so it cannot become {address}. Check the id.");
                return Err(wrong("Cannot import non-existent remote object", detail).into());
            }
        }
    }
    let (known, rented): (Vec<Group>, Vec<Machine>) = (
        groups.iter().map(|(_, group)| group.clone()).collect(),
        machines.iter().map(|(_, one)| one.clone()).collect(),
    );
    let others = templates(session.cloud, &known, &rented).await?;
    Ok(resource_blocks(&groups, &machines, &others))
}

/// The ids of import blocks.
#[derive(Default)]
struct Ids(BTreeMap<InstanceAddr, (Value, Span)>);

impl Resolve for Ids {
    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value {
        Unresolved.resolve(instance, diags)
    }

    fn data(&mut self, instance: DataInstance<'_>, diags: &mut Diagnostics) -> Value {
        Unresolved.data(instance, diags)
    }

    fn import(&mut self, request: ImportRequest, _: &mut Diagnostics) {
        self.0.insert(request.to, (request.id, request.span));
    }

    fn is_final(&self) -> bool {
        Unresolved.is_final()
    }

    fn judging(&self) -> Judging {
        Unresolved.judging()
    }
}
