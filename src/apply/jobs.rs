//! What a step needs to know before it runs.

use super::context::Context;
use super::executor::Executor;
use super::step::{Job, Stop, Template};
use super::{group, record};
use crate::diag::{Diagnostic, Severity};
use crate::lang::Value;
use crate::live::{GroupId, ObjectId};
use crate::path::ValuePath;
use crate::plan::{Change, Step, StepAction, StepId};
use crate::schema;
use crate::state::Record;
use std::sync::Arc;
use tokio::time::Instant;

impl<'a> Executor<'a> {
    /// What a step needs to know.
    pub fn job<C>(&mut self, ctx: &Context<'_, C>, id: StepId) -> Result<Job<'a>, Stop> {
        let plan = self.plan;
        let Some(step) = plan.steps.get(id.0) else { return Err(Stop::Interrupted) };
        let address = &step.address;
        let change = plan.change_of(step);
        let (record, deposed) = self.recorded(step, change);
        let mut job = Job {
            id,
            began: Instant::now(),
            step,
            change,
            object: None,
            record,
            deposed,
            dependencies: self.desires.dependencies(address),
            template: None,
        };
        // What is set aside at the address is another object: whether that is gone says nothing of this one.
        let aside = self.result.state.deposed.get(address);
        let is_aside = |id: u64| aside.is_some_and(|all| all.values().any(|record| record.id() == Some(id)));
        let open = self.result.state.open_at(address).find(|open| !open.id.is_some_and(is_aside));
        if let Some(open) = open.filter(|_| matches!(step.action, StepAction::Create(_))) {
            let diagnostic =
                crate::refresh::still_in_doubt(open, open.doubt.as_deref().unwrap_or("it was never answered"));
            return Err(Stop::InDoubt(Diagnostic { severity: Severity::Error, ..diagnostic }.into()));
        }
        if matches!(step.action, StepAction::Delete(_) | StepAction::Forget) {
            // Of a replace, what comes next.
            job.template = self.template(ctx, change.and_then(|change| change.after.as_ref()));
            return Ok(job);
        }
        if matches!(step.action, StepAction::Create(_)) {
            // A new object owes nothing to one that is gone.
            job.record = None;
        }
        job.object = Some(self.object(step)?);
        job.template = self.template(ctx, job.object.as_ref());
        Ok(job)
    }

    /// What is recorded of the object of a step, with its key where it is deposed. What a replace removes may be so by now.
    fn recorded(&self, step: &Step, change: Option<&Change>) -> (Option<Arc<Record>>, Option<String>) {
        let state = &self.result.state;
        let current = state.resources.get(&step.address);
        let removes = matches!(step.action, StepAction::Delete(_) | StepAction::Forget);
        let before = change.filter(|_| removes).and_then(|change| change.before.as_ref()?.get("id")?.as_str());
        let is_it = |record: &Record| before.is_some() && record.id().map(|id| id.to_string()).as_deref() == before;
        let aside = state.deposed.get(&step.address).into_iter().flatten();
        let mut aside = aside.filter(|(key, record)| step.deposed.as_ref() == Some(*key) || is_it(record));
        match aside.next() {
            Some((key, record)) if !current.is_some_and(|record| is_it(record)) => {
                (Some(record.clone()), Some(key.clone()))
            }
            _ => (current.cloned(), None),
        }
    }

    /// The object of a step, known as far as it must be.
    fn object(&mut self, step: &Step) -> Result<Value, Stop> {
        let address = &step.address;
        let faults = self.desires.faults_of(address);
        if !faults.is_empty() {
            return Err(Stop::Failed(faults));
        }
        let missing = |what: String| {
            let detail = format!("{address} cannot be applied: {what}. Nothing was called for it. Plan again.");
            Stop::Failed(Diagnostic::error("Value not known", detail).into())
        };
        let object = self.desires.object(address);
        let object = object.ok_or_else(|| missing("the configuration holds no such object any more".into()))?;
        let table = schema::table(step.address.resource.mode, &step.address.resource.kind);
        let unknown = table.map(|table| record::unknown(table, object)).unwrap_or_default();
        let makes = matches!(step.action, StepAction::Create(_));
        if makes && object.deep_marks().digest {
            return Err(missing("a secret that ignore_changes keeps is recorded as a digest only".into()));
        }
        match unknown.is_empty() {
            true => Ok(object.clone()),
            false => Err(missing(format!("{} is still not known", unknown.join(", ")))),
        }
    }

    /// The recorded group that an instance refers to.
    fn template<C>(&mut self, ctx: &Context<'_, C>, object: Option<&Value>) -> Option<Template> {
        let id = GroupId::parse(object?.get("template_group")?.as_str()?)?;
        let address = &ctx.known().groups.get(&id).cloned()?;
        // One that is set aside stands at the same address.
        let record = self.result.state.resources.get(address)?;
        if record.object_id(address) != Some(ObjectId::Group(id)) {
            return None;
        }
        let known = self.desires.object(address);
        let recorded = || record.object(&schema::group::SCHEMA, None, self.key, &mut Vec::new());
        let object = known.cloned().unwrap_or_else(recorded);
        let secret = |path: &ValuePath, text: &str| self.key.digest(path, text).digest;
        Some(Template {
            digest: schema::group::digest(&object, &secret),
            image: schema::group::former_digest(&object, &secret),
            env: group::environment(&object),
        })
    }
}
