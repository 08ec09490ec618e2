//! `import` blocks: objects of the account that become recorded.

use super::block::{allow, attribute, labels, missing_argument};
use super::model::{Configuration, Import, Module, ModuleId};
use super::moved_block::address;
use crate::address::{InstanceAddr, InstanceKey, Mode, Target};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Block, Expr, Step};
use crate::lang::reference::NoScope;
use crate::lang::{Kind, eval};

pub(super) fn import(block: &Block, id: ModuleId, own: &mut Module, diags: &mut Diagnostics) {
    if labels::<0>(block, [], diags).is_none() {
        return;
    }
    if id != Configuration::ROOT {
        let detail = "Only the root module holds import blocks: it names objects of modules as module.NAME.TYPE.NAME.";
        diags.push(Diagnostic::error("Invalid import configuration", detail).at(block.span));
        return;
    }
    allow(&block.body, "an import block", &["to", "id", "for_each", "provider"], &[], diags);
    let given = |name: &str, diags: &mut Diagnostics| {
        let found = attribute(&block.body, name).map(|attribute| attribute.expr.clone());
        if found.is_none() {
            missing_argument(name, block.span, diags);
        }
        found
    };
    let (to, what) = (given("to", diags), given("id", diags));
    let (Some(to), Some(id)) = (to, what) else { return };
    let shape = address(&to, &mut |_| Some(None)).and_then(|text| text.parse::<Target>().ok());
    let resource = match shape {
        Some(Target::Resource(InstanceAddr { resource, .. })) if resource.mode == Mode::Managed => resource,
        _ => {
            let detail = "\"to\" names one instance of a resource, like simplepod_instance.worker[0], without quotes. Only managed resources can be imported.";
            diags.push(Diagnostic::error("Invalid import address", detail).at(to.span));
            return;
        }
    };
    let for_each = attribute(&block.body, "for_each").map(|attribute| attribute.expr.clone());
    own.imports.push(Import { to, resource, id, for_each, span: block.span });
}

impl Import {
    /// The expressions of the keys in `to`.
    pub(super) fn keys(&self) -> Vec<&Expr> {
        let (_, steps) = self.to.traversal();
        let keys = steps.iter().filter_map(|step| match step {
            Step::Index(key, _) => Some(&**key),
            _ => None,
        });
        keys.collect()
    }

    /// The address, where it is written without anything computed.
    pub fn constant(&self) -> Option<InstanceAddr> {
        let literal = |key: &Expr| eval::evaluate(key, &NoScope, &mut Diagnostics::new());
        self.for_each.is_none().then(|| self.address(&mut { literal }))?
    }

    /// The address, with its keys as `value` gives them; `None` where one is neither a whole number nor a text.
    pub(super) fn address(&self, value: &mut dyn FnMut(&Expr) -> crate::lang::Value) -> Option<InstanceAddr> {
        let mut key = |expr: &Expr| match &value(expr).kind {
            Kind::String(text) => Some(Some(InstanceKey::Str(text.to_string()))),
            Kind::Number(number) => Some(Some(InstanceKey::Int(number.as_u64()?))),
            _ => None,
        };
        address(&self.to, &mut key)?.parse().ok()
    }
}
