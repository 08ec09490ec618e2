//! What a configuration declares, as it was read: nothing is evaluated here.

use super::backend_values::BackendBlock;
use super::budget::BudgetBlock;
use crate::address::{Mode, ModulePath, ResourceAddr, Target};
use crate::diag::{Diagnostic, Span};
use crate::lang::ast::{Attribute, Body, Expr};
use crate::lang::{Constraint, Marks, Reference, Value};
use crate::live::{DEFAULT_WORKSPACE, owner};
use crate::path::ValuePath;
use crate::schema::Schema;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A module by its place in [`Configuration::modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub usize);

/// The root module and every module it calls, one entry per call.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The root module is the first; a child stands after its parent.
    pub modules: Vec<Module>,
    /// In which workspace it is evaluated; `None` in the default one.
    workspace: Option<Workspace>,
}

/// One that is not the default.
#[derive(Clone, Debug)]
struct Workspace {
    name: String,
    /// Whose the objects are that it makes.
    owner: Option<String>,
}

impl Configuration {
    /// The root module's id.
    pub const ROOT: ModuleId = ModuleId(0);

    /// The module of an id that this configuration gave out.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0]
    }

    /// What is wrong where resources stand without a fleet's name.
    pub fn missing_fleet(&self) -> Option<Diagnostic> {
        let settings = self.root().settings.as_ref();
        if self.root().incomplete {
            return None;
        }
        let first = self.modules.iter().flat_map(|module| module.resources.values()).next()?;
        let detail = "A configuration with resources names its fleet: podform { fleet = \"name\" }. The name stands in the mark of every machine, so that they are found again even if the state is lost.";
        let span = settings.map_or(first.span, |settings| settings.span);
        let unnamed = settings.is_none_or(|settings| settings.fleet.is_none());
        unnamed.then(|| Diagnostic::error("Missing fleet name", detail).at(span))
    }

    /// True where a plan reads more than the lists: objects to import, data sources.
    pub fn reads(&self) -> bool {
        !self.root().imports.is_empty() || self.modules.iter().any(|module| !module.data.is_empty())
    }

    /// The root module.
    pub fn root(&self) -> &Module {
        self.module(Self::ROOT)
    }

    /// Whose the objects are that this configuration makes, as their marks say it: `fleet` of the podform block, and beside the
    /// default workspace that with it.
    pub fn fleet(&self) -> Option<&str> {
        match &self.workspace {
            Some(workspace) => workspace.owner.as_deref(),
            None => self.fleet_name(),
        }
    }

    /// `fleet` of the podform block.
    pub fn fleet_name(&self) -> Option<&str> {
        self.root().settings.as_ref()?.fleet.as_deref()
    }

    /// The workspace that it is evaluated in.
    pub fn workspace(&self) -> &str {
        self.workspace.as_ref().map_or(DEFAULT_WORKSPACE, |workspace| &workspace.name)
    }

    /// From now on it is evaluated in this workspace.
    pub fn enter(&mut self, workspace: &str) {
        let owner = self.fleet_name().map(|fleet| owner(fleet, workspace));
        let other = (workspace != DEFAULT_WORKSPACE).then(|| Workspace { name: workspace.to_owned(), owner });
        self.workspace = other;
    }

    /// The module behind a path, whatever its keys.
    pub fn called(&self, path: &ModulePath) -> Option<ModuleId> {
        path.0
            .iter()
            .try_fold(Self::ROOT, |id, (name, _)| Some(self.modules.get(id.0)?.calls.get(name.as_str())?.module))
    }

    /// The declaration behind an address, whatever its keys.
    pub fn declaration(&self, address: &ResourceAddr) -> Option<(ModuleId, &Resource)> {
        let id = self.called(&address.module)?;
        let key = (address.kind.clone(), address.name.clone());
        let module = self.modules.get(id.0)?;
        let declared = match address.mode {
            Mode::Managed => &module.resources,
            Mode::Data => &module.data,
        };
        Some((id, declared.get(&key)?))
    }

    /// True where `enabled` decides whether an address has objects: at the resource, or at a call above it.
    pub fn is_switched(&self, address: &ResourceAddr) -> bool {
        let mut at = self.root();
        for (name, _) in &address.module.0 {
            match at.calls.get(name.as_str()) {
                Some(call) if call.repeat.enabled.is_some() => return true,
                Some(call) => at = self.module(call.module),
                None => return false,
            }
        }
        self.declaration(address).is_some_and(|(_, resource)| resource.repeat.enabled.is_some())
    }

    /// The names of the calls from the root to a module.
    pub fn call_path(&self, id: ModuleId) -> Vec<&str> {
        let mut path = Vec::new();
        let mut at = self.module(id);
        while let Some((parent, name)) = &at.parent {
            path.push(&**name);
            at = self.module(*parent);
        }
        path.reverse();
        path
    }
}

/// Kind and name of a managed resource.
pub type ResourceKey = (Arc<str>, Arc<str>);

/// One module.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Who calls it, and by which name; `None` for the root.
    pub parent: Option<(ModuleId, Arc<str>)>,
    /// Its directory, as `path.module` shows it.
    pub dir: String,
    /// A part of its files could not be read: what seems not to be declared may stand there.
    pub incomplete: bool,
    /// `variable`.
    pub variables: BTreeMap<Arc<str>, Variable>,
    /// `locals`.
    pub locals: BTreeMap<Arc<str>, Local>,
    /// `output`.
    pub outputs: BTreeMap<Arc<str>, Output>,
    /// `resource`.
    pub resources: BTreeMap<ResourceKey, Resource>,
    /// `data`, those of `check` blocks included.
    pub data: BTreeMap<ResourceKey, Resource>,
    /// `check`.
    pub checks: BTreeMap<Arc<str>, Check>,
    /// `module`.
    pub calls: BTreeMap<Arc<str>, ModuleCall>,
    /// `import`, as they stand; only in the root module.
    pub imports: Vec<Import>,
    /// `moved`, as they stand.
    pub moved: Vec<Moved>,
    /// `removed`, as they stand.
    pub removed: Vec<Removed>,
    /// `podform`.
    pub settings: Option<Settings>,
    /// `provider "simplepod"`: its body and where it stands.
    pub provider: Option<(Arc<Body>, Span)>,
}

/// `variable`.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: Arc<str>,
    /// `type`; any where it is absent.
    pub constraint: Constraint,
    /// What the command line and the environment give is a text, not an expression: there is no type, or a primitive one.
    pub takes_text: bool,
    /// `default`, converted; `None` for a required variable.
    pub default: Option<Value>,
    /// `description`.
    pub description: Option<String>,
    /// `sensitive`.
    pub sensitive: bool,
    /// `ephemeral`: its value is stored nowhere.
    pub ephemeral: bool,
    /// `nullable`.
    pub nullable: bool,
    /// `validation`.
    pub validations: Vec<Rule>,
    /// The header of its block.
    pub span: Span,
}

impl Variable {
    /// What its declaration makes of every value.
    pub fn marks(&self) -> Marks {
        Marks { sensitive: self.sensitive, ephemeral: self.ephemeral, ..Marks::NONE }
    }
}

/// One entry of `locals`.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its expression.
    pub expr: Arc<Expr>,
    /// Its name.
    pub span: Span,
}

/// `output`.
#[derive(Clone, Debug)]
pub struct Output {
    /// `value`.
    pub expr: Arc<Expr>,
    /// `description`.
    pub description: Option<String>,
    /// `sensitive`.
    pub sensitive: bool,
    /// `ephemeral`: only outputs of called modules.
    pub ephemeral: bool,
    /// `depends_on`.
    pub depends_on: Vec<Reference>,
    /// `precondition`.
    pub preconditions: Vec<Rule>,
    /// The header of its block.
    pub span: Span,
}

/// `check`.
#[derive(Clone, Debug)]
pub struct Check {
    /// `assert`.
    pub asserts: Vec<Rule>,
    /// The data source inside it, which stands in [`Module::data`] too.
    pub data: Option<ResourceKey>,
    /// The header of its block.
    pub span: Span,
}

/// `resource` or `data`.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Which of them.
    pub mode: Mode,
    /// The `check` block it stands in.
    pub check: Option<Arc<str>>,
    /// The first label.
    pub kind: Arc<str>,
    /// The second label.
    pub name: Arc<str>,
    /// Its table.
    pub schema: &'static Schema,
    /// Its body without meta-arguments.
    pub body: Arc<Body>,
    /// How many instances it has.
    pub repeat: Repeat,
    /// `depends_on`.
    pub depends_on: Vec<Reference>,
    /// `lifecycle`.
    pub lifecycle: Lifecycle,
    /// The header of its block.
    pub span: Span,
}

/// How often something stands; at most one is given.
#[derive(Clone, Debug, Default)]
pub struct Repeat {
    /// `count`.
    pub count: Option<Arc<Expr>>,
    /// `for_each`.
    pub for_each: Option<Arc<Expr>>,
    /// `enabled`: one without a key, or none. podform's own.
    pub enabled: Option<Arc<Expr>>,
}

impl Repeat {
    /// All that are given.
    pub fn exprs(&self) -> impl Iterator<Item = &Arc<Expr>> {
        [&self.count, &self.for_each, &self.enabled].into_iter().flatten()
    }
}

/// `lifecycle`.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// `prevent_destroy`: an expression, otherwise than in Terraform.
    pub prevent_destroy: Option<Arc<Expr>>,
    /// `create_before_destroy`.
    pub create_before_destroy: bool,
    /// `replace_triggered_by`.
    pub replace_triggered_by: Vec<Expr>,
    /// `precondition`.
    pub preconditions: Vec<Rule>,
    /// `postcondition`.
    pub postconditions: Vec<Rule>,
    /// `ignore_changes`.
    pub ignore_changes: IgnoreChanges,
}

impl Lifecycle {
    /// Whether there are preconditions or postconditions.
    pub fn has_rules(&self) -> bool {
        !self.preconditions.is_empty() || !self.postconditions.is_empty()
    }
}

/// `ignore_changes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IgnoreChanges {
    /// Nothing is ignored.
    #[default]
    None,
    /// `all`.
    All,
    /// The attributes named, or places in them: `notes`, `env_variables["A"]`.
    Paths(Vec<ValuePath>),
}

/// `module`.
#[derive(Clone, Debug)]
pub struct ModuleCall {
    /// Its label.
    pub name: Arc<str>,
    /// The called module.
    pub module: ModuleId,
    /// `source`, as written.
    pub source: String,
    /// Values of the called module's variables.
    pub arguments: Vec<Attribute>,
    /// How many instances it has.
    pub repeat: Repeat,
    /// `depends_on`.
    pub depends_on: Vec<Reference>,
    /// The header of its block.
    pub span: Span,
}

/// `podform`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `fleet`: the identity that outlives a lost state.
    pub fleet: Option<String>,
    /// `backend`.
    pub backend: Option<BackendBlock>,
    /// `budget`, in their order.
    pub budgets: Vec<BudgetBlock>,
    /// The header of its block.
    pub span: Span,
}

/// `import`.
#[derive(Clone, Debug)]
pub struct Import {
    /// `to`: an address whose keys may be computed.
    pub to: Arc<Expr>,
    /// The resource that `to` names, without any key.
    pub resource: ResourceAddr,
    /// `id`.
    pub id: Arc<Expr>,
    /// `for_each`.
    pub for_each: Option<Arc<Expr>>,
    /// The header of its block.
    pub span: Span,
}

/// `moved`. Both addresses are relative to the module that declares it, and of the same sort.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Where objects were.
    pub from: Target,
    /// Where they are declared now.
    pub to: Target,
    /// The header of its block.
    pub span: Span,
}

/// `removed`.
#[derive(Clone, Debug)]
pub struct Removed {
    /// A module or resource, without keys, relative to the module that declares it.
    pub from: Target,
    /// `lifecycle { destroy }`: whether its objects are released and deleted, or only forgotten.
    pub destroy: bool,
    /// The header of its block.
    pub span: Span,
}

/// `condition` and `error_message`.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Must be true.
    pub condition: Arc<Expr>,
    /// What is said where it is false.
    pub message: Arc<Expr>,
}
