//! The configuration on disk: its files, its variables, its first evaluation.

use super::bounds::{confined, own_file, refuse_settings};
use super::foreign;
use super::text::{names, text};
use super::workspace::workspace;
use crate::address::{InstanceAddr, ObjectKind};
use crate::config::{
    self, Configuration, DataInstance, Graph, Inputs, Instance, Judging, LoadedFile, Program, ProviderSettings,
    Resolve, Unresolved, evaluate, is_configuration_file, parse_file,
};
use crate::diag::{Diagnostic, Diagnostics, Sources, Span};
use crate::lang::{Effects, Value, parse};
use crate::market::written_otherwise;
use crate::sandbox::published_models;
use crate::schema::rests;
use crate::state::State;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// The texts of the configuration files, by name.
pub type Texts = BTreeMap<String, Arc<str>>;

/// A loaded fleet.
pub struct Fleet {
    /// Configuration and variables.
    pub program: Program,
    /// The provider block.
    pub provider: ProviderSettings,
    /// The configuration files.
    pub texts: Texts,
    /// The machines that the configuration declares, with what is asked of them later.
    machines: Vec<(InstanceAddr, Value)>,
}

impl Fleet {
    /// `fleet` of the podform block.
    pub fn name(&self) -> Option<&str> {
        self.program.configuration.fleet()
    }

    /// Warns of models that the vendor's published list only writes otherwise.
    pub fn misspelt_models(&self) -> Diagnostics {
        let published = published_models().collect();
        let mut told = BTreeMap::new();
        for (address, wanted) in &self.machines {
            let fallbacks = wanted.get("fallback_gpu_models").and_then(Value::as_elements).unwrap_or_default();
            let models = wanted.get("gpu_model").into_iter().chain(fallbacks).filter_map(Value::as_str);
            for model in models {
                told.entry(model).or_insert_with(|| self.misspelt(address, model, &published));
            }
        }
        let mut diags = Diagnostics::new();
        told.into_values().flatten().for_each(|found| diags.push(found));
        diags
    }

    fn misspelt(&self, address: &InstanceAddr, model: &str, published: &BTreeSet<&str>) -> Option<Diagnostic> {
        let meant: Vec<String> = written_otherwise(model, published).iter().map(|one| format!("\"{one}\"")).collect();
        if meant.is_empty() {
            return None;
        }
        let detail = format!("The vendor's published price list has no model \"{model}\", which {address} accepts.");
        let hint = format!("Did you mean {}?", meant.join(" or "));
        let told = Diagnostic::warning("Unknown GPU model", detail).on(address).with_hint(hint);
        Some(match self.program.configuration.declaration(&address.resource) {
            Some((_, resource)) => told.at(resource.span),
            None => told,
        })
    }

    /// What the configuration asks for.
    pub fn desired(&self, effects: &dyn Effects) -> BTreeMap<InstanceAddr, Value> {
        let mut found = BTreeMap::new();
        let mut wishes = Noting(|instance: &Instance<'_>| {
            found.insert(instance.address.clone(), instance.desired.clone());
        });
        // Whatever is wrong was told when it was loaded.
        let mut told = Diagnostics::new();
        evaluate(&self.program, effects, &mut wishes, &mut told);
        found
    }

    /// Whether it wants a machine at this time that is not recorded: then something will probably be rented.
    pub fn asks_for_more_than(&self, state: &State, now: Timestamp) -> bool {
        let is_missing = |address| !state.resources.contains_key(address);
        self.machines.iter().any(|(address, wanted)| is_missing(address) && rests(wanted, now).is_none())
    }
}

/// Shows every instance to somebody on the way, and answers as [`Unresolved`].
struct Noting<F>(F);

impl<F: FnMut(&Instance<'_>)> Resolve for Noting<F> {
    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value {
        (self.0)(&instance);
        Unresolved.resolve(instance, diags)
    }

    fn data(&mut self, instance: DataInstance<'_>, diags: &mut Diagnostics) -> Value {
        Unresolved.data(instance, diags)
    }

    fn is_final(&self) -> bool {
        Unresolved.is_final()
    }

    fn judging(&self) -> Judging {
        Unresolved.judging()
    }
}

/// Reads the configuration at the current directory. Errors are left in `diags`; what could be read is returned.
pub fn read(sources: &mut Sources, diags: &mut Diagnostics) -> (Configuration, Texts) {
    read_with(&[], sources, diags)
}

/// As [`read`], with blocks of the command line beside the files of the root module.
pub fn read_with(blocks: &[String], sources: &mut Sources, diags: &mut Diagnostics) -> (Configuration, Texts) {
    let mut texts = Texts::new();
    let mut parsed: BTreeMap<String, Vec<LoadedFile>> = BTreeMap::new();
    let mut configuration = config::load(
        ".",
        &mut |dir, at, diags| {
            // A module that is called twice is read and parsed once.
            if let Some(files) = parsed.get(dir) {
                return Some(files.clone());
            }
            let mut files = module(dir, at, sources, &mut texts, diags)?;
            for text in blocks.iter().filter(|_| at.is_none()) {
                let file = sources.add("the command line", text.clone());
                let body = Arc::new(parse::parse_body(file, text, diags));
                files.push(LoadedFile { overrides: false, body });
            }
            parsed.insert(dir.to_owned(), files.clone());
            Some(files)
        },
        diags,
    );
    match workspace() {
        Ok(workspace) => configuration.enter(&workspace.name),
        Err(told) => diags.push(told),
    }
    (configuration, texts)
}

/// Orders and evaluates a configuration, with these values of its variables. Nothing is called. `None` where something is
/// wrong, which `diags` tells.
pub fn evaluated(
    configuration: Configuration,
    texts: Texts,
    given: Vec<config::Given>,
    effects: &dyn Effects,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Option<Fleet> {
    let fleet = as_far_as_known(configuration, texts, given, effects, sources, diags);
    fleet.filter(|_| !diags.has_errors())
}

/// As [`evaluated`], whatever is wrong; `None` only where there is no order.
pub fn as_far_as_known(
    configuration: Configuration,
    texts: Texts,
    given: Vec<config::Given>,
    effects: &dyn Effects,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Option<Fleet> {
    if let Some(found) = configuration.missing_fleet() {
        diags.push(found);
    }
    refuse_settings(&configuration, diags);
    let graph = Graph::build(&configuration, diags);
    let inputs = Inputs::resolve(configuration.root(), given, sources, diags);
    let graph = graph?;
    let mut machines = Vec::new();
    let mut survey = Noting(|instance: &Instance<'_>| {
        if instance.address.resource.object_kind().is_some_and(ObjectKind::is_rented) {
            machines.push((instance.address.clone(), asked(&instance.desired)));
        }
    });
    let program = Program { configuration, graph, inputs };
    let evaluated = evaluate(&program, effects, &mut survey, diags);
    Some(Fleet { program, provider: evaluated.provider, texts, machines })
}

/// What is asked of a declared machine when its evaluation is over; the rest of it would be kept for nothing.
fn asked(desired: &Value) -> Value {
    const ASKED: [&str; 4] = ["gpu_model", "fallback_gpu_models", "expires", "schedule"];
    let all = desired.as_entries().into_iter().flatten();
    let given = all.filter(|(name, value)| ASKED.contains(&&***name) && !value.is_null());
    Value::object(given.map(|(name, value)| (name.clone(), value.clone())))
}

fn module(
    dir: &str,
    at: Option<Span>,
    sources: &mut Sources,
    texts: &mut Texts,
    diags: &mut Diagnostics,
) -> Option<Vec<LoadedFile>> {
    let place = |diagnostic: Diagnostic| match at {
        Some(at) => diagnostic.at(at),
        None => diagnostic,
    };
    // What cannot be read is an error later, never a resource that seems gone.
    let wanted = |name: &str| is_configuration_file(name) && !Path::new(dir).join(name).is_dir();
    if let Err(why) = confined(Path::new(dir)) {
        let detail = format!("The directory \"{dir}\" is not read: {why}.");
        diags.push(place(Diagnostic::error("Module outside of the fleet", detail)));
        return None;
    }
    let before = diags.len();
    let names = match names(Path::new(dir), wanted, diags) {
        Ok(names) => names,
        Err(error) => {
            let detail = format!("The directory \"{dir}\" cannot be read: {error}.");
            diags.push(place(Diagnostic::error("Unreadable module directory", detail)));
            return None;
        }
    };
    let foreign = foreign::files(Path::new(dir), at.is_none());
    if names.is_empty() && diags.len() == before {
        let detail = match (at, &foreign) {
            (None, Some(foreign)) => format!("This directory holds no configuration files (*.hcl). {foreign}"),
            (Some(_), Some(foreign)) => {
                format!("The directory \"{dir}\" holds no configuration files (*.hcl). {foreign}")
            }
            (Some(_), None) => format!("The directory \"{dir}\" holds no configuration files (*.hcl)."),
            (None, None) => "This directory holds no configuration files (*.hcl). Change to the directory of a fleet, or name it with -chdir=DIR.".to_owned(),
        };
        diags.push(place(Diagnostic::error("No configuration files", detail)));
        return None;
    }
    if let Some(foreign) = foreign {
        diags.push(place(Diagnostic::warning("Files of Terraform are not read", foreign)));
    }
    let mut files = Vec::new();
    for name in names {
        let path = if dir == "." { name.clone() } else { format!("{dir}/{name}") };
        if let Some(text) = text(Path::new(&path), own_file, diags) {
            texts.insert(path.clone(), text.clone());
            let file = sources.add(path, text.clone());
            files.push(parse_file(&name, file, &text, diags));
        }
    }
    Some(files)
}
