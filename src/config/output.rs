//! Outputs, evaluated.

use super::expand::Repetition;
use super::model::Output;
use super::node::Node;
use super::resolve::{Judging, Resolve};
use super::rules::{Wording, judge};
use super::verdict::{CheckStatus, CheckedKind, Verdict};
use super::walk::{EvaluatedOutput, Walk};
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::lang::{Marks, Type, Value, eval};
use std::sync::Arc;

impl Walk<'_> {
    pub(super) fn output(
        &mut self,
        frame: usize,
        node: &Node,
        name: &Arc<str>,
        resolve: &dyn Resolve,
        diags: &mut Diagnostics,
    ) -> Value {
        let configuration = &self.program.configuration;
        let Some(output) = configuration.module(self.frames[frame].module).outputs.get(name) else {
            return Value::unknown(Type::Dynamic);
        };
        let mut verdict = Verdict::of(CheckStatus::Unknown);
        let judging = resolve.judging();
        let judged = judging.of(CheckedKind::Output) && !(frame == 0 && resolve.leaves_out_output(name));
        if judged {
            let wording = Wording {
                broken: "Module output value precondition failed",
                invalid: "Invalid condition result",
                what: "a precondition",
                rest: "",
                address: None,
                severity: Severity::Error,
                later: None,
            };
            verdict = judge(&output.preconditions, &self.scope(frame, Repetition::default()), &wording, diags);
        }
        // Terraform names the outputs of the root module even where it judges nothing.
        if judged || (frame == 0 && judging == Judging::Nothing) {
            self.verdicts.add(node, node, self.named(frame, "output", name), verdict);
        }
        let mut own = Diagnostics::new();
        let mut value = eval::evaluate(&output.expr, &self.scope(frame, Repetition::default()), &mut own);
        let failed = own.has_errors();
        diags.extend(own);
        if let Some(refused) = ephemeral_fault(output, &value, frame == 0).filter(|_| !failed) {
            diags.push(refused);
            value = Value::unknown(value.ty());
        }
        if frame == 0 {
            let discloses = value.deep_marks().sensitive && !output.sensitive;
            // Whatever an untrusted configuration declares, its output stays hidden.
            let hides = discloses && self.effects.is_untrusted();
            if discloses && !hides {
                let detail = "To show that this is meant, and to hide the value, set sensitive = true in this output; or use nonsensitive() where the value is safe to show.";
                diags.push(Diagnostic::error("Output refers to sensitive values", detail).at(output.span));
            }
            let sensitive = output.sensitive || hides;
            self.outputs.insert(name.clone(), EvaluatedOutput { value: value.clone(), sensitive });
        }
        if output.sensitive { value.marked(Marks::SENSITIVE) } else { value }
    }
}

/// What is wrong with an output that has to do with values which are stored nowhere.
fn ephemeral_fault(output: &Output, value: &Value, is_root: bool) -> Option<Diagnostic> {
    let is_ephemeral = value.deep_marks().ephemeral;
    let at = output.expr.span;
    match output.ephemeral {
        true if is_root => {
            let detail = "Outputs of the root module are stored, so they cannot be ephemeral.";
            Some(Diagnostic::error("Ephemeral output not allowed", detail).at(output.span))
        }
        false if is_ephemeral => {
            let detail = match is_root {
                true => {
                    "Outputs of the root module are stored, so this one cannot be set to a value derived from an ephemeral value. ephemeralasnull() gives null in its place."
                }
                false => {
                    "This output is not declared with ephemeral = true, so it cannot be set to a value derived from an ephemeral value."
                }
            };
            Some(Diagnostic::error("Ephemeral value not allowed", detail).at(at))
        }
        true if !is_ephemeral && value.is_known() => {
            let detail = "This output is declared with ephemeral = true, so it can only be set to an ephemeral value.";
            Some(Diagnostic::error("Value not allowed in ephemeral output", detail).at(at))
        }
        _ => None,
    }
}
