//! Modules, variables and blocks: from the files of a directory to a [`Configuration`], and its evaluation.
//!
//! [`load`] reads syntax into declarations; [`Graph`] orders them; [`evaluate`] walks that order and asks a [`Resolve`]
//! what each resource instance looks like: the planner answers with planned objects, apply with real ones.

mod backend_block;
mod backend_table;
mod backend_values;
mod block;
mod budget;
mod budget_block;
mod check_block;
mod checks;
mod data;
mod declared;
mod decode;
mod encryption;
mod encryption_block;
mod evaluate;
mod expand;
mod graph;
mod import_block;
mod inputs;
mod instance;
mod instances;
mod load;
mod model;
mod moved_block;
mod moves;
mod needs;
mod node;
mod output;
mod overrides;
mod program;
mod provider;
mod resolve;
mod resource_block;
mod root_scope;
mod rules;
mod scope;
mod settings_block;
#[cfg(test)]
mod settling_tests;
mod shape;
mod trigger;
mod value_blocks;
mod variable;
mod verdict;
mod visit;
mod walk;

pub use backend_block::{backend_of, missing as missing_arguments, read as backend_arguments, typed};
pub use backend_table::{Argument, BackendKind, Secrecy, Sort};
pub use backend_values::{Arguments, BackendBlock, BackendValue, without_password};
pub use budget::{Budget, BudgetBlock, Limit, hours};
pub use checks::settled;
pub use encryption::{
    Encryption, EncryptionMethod, EncryptionTarget, HashFunction, KeyProvider, KeySource, Openbao, Pbkdf2,
};
pub use encryption_block::{encryption_of, parse_encryption};
pub use evaluate::{Evaluated, Evaluation, evaluate};
pub use graph::Graph;
pub use inputs::{Given, GivenValue, Inputs};
pub use load::{ReadModule, is_configuration_file, load, parse_file};
pub use model::{
    Check, Configuration, IgnoreChanges, Import, Lifecycle, Local, Module, ModuleCall, ModuleId, Moved, Output,
    Removed, Repeat, Resource, ResourceKey, Rule, Settings, Variable,
};
pub use moves::{Move, readdress};
pub use needs::undeclared_in;
pub use node::Node;
pub use overrides::LoadedFile;
pub use program::Program;
pub use provider::ProviderSettings;
pub use resolve::{DataInstance, ImportRequest, Instance, Judging, Needs, Resolve, Unresolved};
pub use root_scope::RootScope;
pub use trigger::Trigger;
pub use verdict::{CheckResult, CheckStatus, CheckedKind, CheckedObject};
pub use walk::EvaluatedOutput;
