//! stub
use super::ast::Body;
use super::reference::Scope;
use super::value::Value;
use crate::diag::{Diagnostics, Span};
use std::sync::Arc;
/// stub
pub struct ScopedBlock {
    /// k
    pub kind: Arc<str>,
    /// b
    pub body: Arc<Body>,
    /// b
    pub bindings: Vec<(Arc<str>, Value)>,
    /// s
    pub span: Span,
    /// u
    pub unknown: bool,
}
/// stub
pub fn expand_dynamic(body: &Body, scope: &dyn Scope, diags: &mut Diagnostics) -> Vec<ScopedBlock> {
    let _ = (body, scope, diags);
    unimplemented!()
}
