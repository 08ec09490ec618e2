//! The loop: the one owner of state and journal during an apply.

use super::budgets::Budgets;
use super::context::{Context, Known};
use super::dispatch::run;
use super::input::{ApplyInput, ApplyResult, Cancel, StepEnd};
use super::journal::{Journal, unwritten};
use super::money;
use super::offers::Offers;
use super::order::Order;
use super::outputs::outputs;
use super::protocol::{Group, Line, Message};
use super::shared::Shared;
use super::step::{Finished, Stop};
use super::turns::Turns;
use crate::address::{InstanceAddr, ObjectKind};
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Diagnostics, Severity, Topic};
use crate::lang::Value;
use crate::live::{Account, ObjectId};
use crate::money::Usd;
use crate::plan::{ApplyEvent, Desires, DriftKind, Outcome, Plan, PlanMode, Step, StepAction, StepId};
use crate::schema::instance::dollars;
use crate::state::digest::SecretKey;
use crate::state::journal::Event;
use crate::state::{Record, State};
use crate::store::StoreError;
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use tokio::sync::{OnceCell, Semaphore, mpsc, watch};

/// Runs a plan. Everything that took effect is recorded, durably, whatever else fails.
pub async fn apply<C: Cloud>(input: ApplyInput<'_, C>, mut show: impl FnMut(ApplyEvent)) -> ApplyResult {
    let (line, inbox) = Line::new();
    // Where a template group of ours goes or is made anew, there may be a moment without a mark of ours.
    let is_alone = input.alone && keeps_groups(input.plan) || input.state.recorded_machines().next().is_some();
    let account = input.market.as_ref().filter(|read| read.is_fresh()).and_then(|read| read.account.clone());
    let ctx = Context {
        cloud: input.cloud,
        key: input.key,
        clock: input.clock,
        connect: input.connect,
        fleet: input.plan.fleet.clone().or_else(|| input.state.fleet.clone()).unwrap_or_default(),
        lineage: input.state.lineage.clone(),
        serial: input.state.serial,
        settle_window: input.settle_window,
        line,
        places: Semaphore::new(places(input.parallelism)),
        calls: Semaphore::new(input.parallelism.clamp(1, Semaphore::MAX_PERMITS)),
        cancel: input.cancel.clone(),
        fenced: watch::Sender::new(false),
        offers: Offers::of(
            (input.plan, input.pinned_offers),
            &input.state,
            input.market,
            input.clock.now(),
            places(input.parallelism),
        ),
        budgets: Budgets::of(input.plan, input.program),
        turns: Turns::beside(input.state.open.values().filter(|intent| intent.action.rents())),
        machines: Shared::new(),
        groups: Shared::new(),
        known: Mutex::new(known(&input.state)),
        alone: OnceCell::new_with(is_alone.then_some(None)),
        environments: tokio::sync::Mutex::default(),
    };
    let mut executor = Executor {
        plan: input.plan,
        key: input.key,
        journal: Journal::new(input.journal),
        inbox,
        order: Order::of(input.plan),
        desires: Desires::of(input.program, input.plan, input.effects),
        fenced: None,
        result: ApplyResult { state: input.state, left_out: !input.plan.left_out.is_empty(), ..ApplyResult::default() },
    };
    if let Err(stop) = executor.begin(&ctx, account).await {
        executor.result.diagnostics.push(stop);
        return executor.over(&mut show);
    }
    // What moved and what was imported is recorded by now.
    *ctx.known() = known(&executor.result.state);
    let stopped = executor.work(&ctx, input.cancel, &mut show).await;
    // Also where it only ended a wait.
    executor.result.interrupted |= ctx.is_cancelled() && !ctx.is_fenced();
    if let Err(stop) = stopped {
        executor.result.diagnostics.push(stop);
        return executor.over(&mut show);
    }
    executor.conclude().await;
    executor.over(&mut show)
}

pub(super) struct Executor<'a> {
    pub plan: &'a Plan,
    pub key: &'a SecretKey,
    pub journal: Journal<'a>,
    pub inbox: mpsc::UnboundedReceiver<Message>,
    pub order: Order,
    /// What the configuration asks for by now.
    pub desires: Desires<'a>,
    /// That the lock was taken away.
    fenced: Option<Diagnostic>,
    pub result: ApplyResult,
}

impl<'a> Executor<'a> {
    /// What comes before the first step.
    async fn begin<C: Cloud>(&mut self, ctx: &Context<'_, C>, account: Option<Account>) -> Result<(), Diagnostic> {
        if self.result.state.lineage.is_empty() {
            let detail = "The state has no lineage, so that nothing could be marked. This is a fault of podform: nothing was called.";
            return Err(Diagnostic::error("State without lineage", detail));
        }
        let rents = self.plan.steps.iter().any(|step| step.action.rents());
        if rents {
            // A market that cannot be read fails the steps that need it.
            let balance = money::check(ctx.cloud, self.plan, &ctx.budgets, account);
            let (balance, _) = futures::join!(balance, ctx.offers.prefetch(ctx.cloud));
            match balance {
                Some(error) if error.severity == Severity::Error => return Err(error),
                Some(warning) => self.result.diagnostics.push(warning),
                None => {}
            }
        }
        let mut events = vec![Event::Begin {
            lineage: self.result.state.lineage.clone(),
            fleet: self.plan.fleet.clone(),
            account: self.plan.account.clone(),
        }];
        events.extend(self.plan.found());
        self.append(events).await
    }

    /// Runs the steps until nothing is left to run, or an interrupt or the journal stops them.
    async fn work<C: Cloud>(
        &mut self,
        ctx: &Context<'_, C>,
        mut cancel: watch::Receiver<Cancel>,
        show: &mut impl FnMut(ApplyEvent),
    ) -> Result<(), Diagnostic> {
        let mut running = FuturesUnordered::new();
        let read_ahead = ctx.offers.read_ahead(ctx.cloud);
        tokio::pin!(read_ahead);
        loop {
            if running.is_empty() && !self.order.has_ready() {
                return self.finish(show).await;
            }
            tokio::select! {
                biased;
                () = at_once(&mut cancel) => {
                    self.result.interrupted = true;
                    // What was asked for before is made durable; the calls that run are cut off.
                    return self.finish(show).await;
                }
                // Before the journal: what may be sent goes out before what came with it is written.
                Some((id, ended)) = running.next() => {
                    self.take_messages(None, show);
                    self.end(ctx, id, ended, show);
                }
                group = self.journal.durable() => {
                    self.made_durable(group)?;
                    if self.fenced.is_some() {
                        ctx.fenced.send_replace(true);
                    }
                }
                Some(first) = self.inbox.recv() => self.take_messages(Some(first), show),
                never = &mut read_ahead => match never {},
                // Last: what a step needs to know is found out when it starts, and no sooner.
                place = ctx.place(), if self.order.has_ready() => {
                    let Some(id) = self.order.take_ready() else { continue };
                    match place.and_then(|place| Ok((self.job(ctx, id)?, place))) {
                        Ok((job, place)) => running.push(run(ctx, job, place)),
                        Err(stop) => self.end(ctx, id, Err(stop), show),
                    }
                }
            }
        }
    }

    /// Takes every message that waits: all commits become one append.
    fn take_messages(&mut self, first: Option<Message>, show: &mut impl FnMut(ApplyEvent)) {
        let mut next = first.or_else(|| self.inbox.try_recv().ok());
        while let Some(message) = next {
            match self.journal.next.take(message) {
                Some(Message::Tell(diagnostic)) => self.result.diagnostics.push(diagnostic),
                Some(Message::Show(event)) => show(event),
                _ => {}
            }
            next = self.inbox.try_recv().ok();
        }
    }

    /// Returns when everything that was asked for is durable.
    async fn finish(&mut self, show: &mut impl FnMut(ApplyEvent)) -> Result<(), Diagnostic> {
        self.take_messages(None, show);
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Diagnostic> {
        while !self.journal.is_idle() {
            let group = self.journal.durable().await;
            self.made_durable(group)?;
        }
        self.fenced.take().map_or(Ok(()), Err)
    }

    /// A group is durable: what it says is so, and who waited for it goes on. Where the lock was taken away nobody does; what
    /// is under way comes to its end, and its answers are kept beside.
    fn made_durable(&mut self, group: Result<Group, StoreError>) -> Result<(), Diagnostic> {
        let group = match group {
            Ok(group) => group,
            Err(error @ StoreError::Fenced { .. }) => {
                self.result.taken_over = true;
                // The last one says where everything is kept.
                self.fenced = Some(unwritten(&error));
                return Ok(());
            }
            Err(error) => return Err(unwritten(&error)),
        };
        for event in group.events {
            self.result.state.apply(event);
        }
        Group::release(group.waiting);
        Ok(())
    }

    /// Makes events durable while nothing else runs.
    async fn append(&mut self, events: Vec<Event>) -> Result<(), Diagnostic> {
        self.journal.next.events.extend(events);
        self.flush().await
    }

    /// A step ended; what needed it and can no more be tried is told.
    fn end<C>(
        &mut self,
        ctx: &Context<'_, C>,
        id: StepId,
        ended: Result<Finished, Stop>,
        show: &mut impl FnMut(ApplyEvent),
    ) {
        let Some(step) = self.plan.steps.get(id.0) else { return };
        if ended.is_err() && matches!(step.action, StepAction::Delete(_)) {
            self.plan.change_of(step).into_iter().for_each(|change| ctx.budgets.stays(change));
        }
        let end = match ended {
            Ok(finished) => {
                match step.action {
                    StepAction::Create(_) => self.result.added += 1,
                    StepAction::Update(_) => self.result.changed += 1,
                    StepAction::Delete(_) => self.result.destroyed += 1,
                    StepAction::Forget | StepAction::Read => {}
                }
                if let Some(object) = finished.object {
                    self.desires.settle(&step.address, object);
                }
                match self.desires.broken_postconditions(&step.address) {
                    broken if broken.is_empty() => StepEnd::Done,
                    // The object stands and is recorded; what needs it is not made.
                    broken => {
                        self.tell(step, broken);
                        StepEnd::Failed
                    }
                }
            }
            Err(Stop::Failed(diags)) => {
                self.tell(step, diags);
                StepEnd::Failed
            }
            Err(Stop::InDoubt(diags)) => {
                self.tell(step, diags);
                StepEnd::InDoubt
            }
            Err(Stop::Interrupted) => {
                self.result.interrupted |= !self.result.taken_over;
                StepEnd::Interrupted
            }
        };
        for blocked in self.order.end(id, end) {
            let step_of = |id: StepId| self.plan.steps.get(id.0);
            let (Some(skipped), Some(by)) = (step_of(blocked.step), step_of(blocked.by)) else { continue };
            let because = match end {
                StepEnd::Interrupted if self.result.taken_over => "the lock was taken away".to_owned(),
                StepEnd::Interrupted => "of an interrupt".to_owned(),
                _ => format!("{} did not succeed", by.address),
            };
            let (address, action) = (skipped.address.clone(), skipped.action);
            show(ApplyEvent::StepSkipped { address, action, because });
        }
    }

    fn tell(&mut self, step: &Step, diags: Diagnostics) {
        for mut diagnostic in diags {
            diagnostic.address.get_or_insert_with(|| Box::new(step.address.clone()));
            self.result.diagnostics.push(diagnostic);
        }
    }

    /// What comes after the last step.
    async fn conclude(&mut self) {
        let Outcome { faults, data, outputs: evaluated, checks } = self.desires.outcome();
        let complete = self.order.ended().values().all(|end| *end == StepEnd::Done);
        // Where steps failed, most of what is wrong only follows from it; a check that is not met, which only warns, stands.
        let is_check =
            |fault: &Diagnostic| fault.topic == Some(Topic::BrokenRule) && fault.severity == Severity::Warning;
        let stands = |fault: &Diagnostic| complete || is_check(fault);
        faults.into_iter().filter(stands).for_each(|fault| self.result.diagnostics.push(fault));
        let state = &self.result.state;
        let outputs = outputs(self.plan, &state.outputs, &evaluated, complete);
        let mut events = Vec::new();
        if outputs != state.outputs {
            events.push(Event::Outputs { outputs });
        }
        let data = match self.plan.mode {
            PlanMode::Destroy => BTreeMap::new(),
            PlanMode::Normal | PlanMode::RefreshOnly => {
                let recorded = |value: &Value| Record::of(value, self.key).attributes;
                data.iter().map(|(address, value)| (address.clone(), recorded(value))).collect()
            }
        };
        if data != state.data && complete {
            events.push(Event::Data { data });
        }
        if checks != state.checks {
            events.push(Event::Checks { checks });
        }
        events.push(Event::End);
        if let Err(error) = self.append(events).await {
            self.result.diagnostics.push(error);
        }
    }

    fn over(mut self, show: &mut impl FnMut(ApplyEvent)) -> ApplyResult {
        self.result.steps = self.order.ended().clone();
        self.result.in_doubt = self.result.state.open.values().cloned().collect();
        let complete = !self.result.taken_over
            && self.result.steps.len() == self.plan.steps.len()
            && self.result.steps.values().all(|end| *end == StepEnd::Done)
            && !self.result.diagnostics.has_errors()
            && !self.result.left_out;
        let (cost, unpriced) = self.bill();
        show(ApplyEvent::Finished {
            mode: self.plan.mode,
            imported: self.plan.imports.len(),
            added: self.result.added,
            changed: self.result.changed,
            destroyed: self.result.destroyed,
            complete,
            cost,
            planned: self.plan.cost.after,
            unpriced,
        });
        self.result
    }

    /// What is recorded costs per hour, but for what the plan found gone; and how many machines have no known price.
    fn bill(&self) -> (Usd, usize) {
        let gone = self.plan.drift.iter().filter(|drift| drift.kind == DriftKind::Gone);
        let gone: BTreeMap<&InstanceAddr, Option<&str>> =
            gone.map(|drift| (&drift.address, drift.before.get("id").and_then(Value::as_str))).collect();
        let state = &self.result.state;
        let stands = |(address, record): &(&InstanceAddr, &Record)| {
            address.resource.object_kind().is_some_and(ObjectKind::is_rented)
                && gone.get(address).is_none_or(|id| *id != record.id().map(|id| id.to_string()).as_deref())
        };
        let costs: Vec<Option<Usd>> = state.objects().filter(stands).map(|(_, record)| hourly_cost(record)).collect();
        (costs.iter().flatten().copied().sum(), costs.iter().filter(|cost| cost.is_none()).count())
    }
}

/// How many steps are under way where so many call at once. A step waits for the journal between its calls; others call
/// meanwhile, and no answer waits until all those that came with it are dealt with. One at a time stays one at a time.
fn places(parallelism: usize) -> usize {
    parallelism.saturating_mul(2).saturating_sub(1).clamp(1, Semaphore::MAX_PERMITS)
}

/// Whether a plan leaves all template groups as they are.
fn keeps_groups(plan: &Plan) -> bool {
    use StepAction::{Create, Delete, Update};
    let changes = |step: &Step| matches!(step.action, Create(kind) | Update(kind) | Delete(kind) if kind == ObjectKind::TemplateGroup);
    !plan.steps.iter().any(changes)
}

fn hourly_cost(record: &Record) -> Option<Usd> {
    let number =
        crate::lang::json::from_json(record.attributes.get("hourly_cost")?, &crate::lang::Type::Number).ok()?;
    dollars(&Value::object([("hourly_cost", number)]), "hourly_cost")
}

fn known(state: &State) -> Known {
    let rents = state.open.iter().filter(|(_, intent)| intent.action.rents());
    let mut known = Known {
        machines: BTreeSet::new(),
        groups: BTreeMap::new(),
        names: BTreeSet::new(),
        rents: rents.map(|(claim, intent)| (claim.clone(), intent.clone())).collect(),
    };
    for (id, address, _) in state.identified() {
        match id {
            ObjectId::Machine(id) => drop(known.machines.insert(id)),
            ObjectId::Group(id) => drop(known.groups.insert(id, address.clone())),
        }
    }
    known
}

/// Returns on an interrupt that stops at once.
async fn at_once(cancel: &mut watch::Receiver<Cancel>) {
    if cancel.wait_for(|cancel| *cancel == Cancel::AtOnce).await.is_err() {
        // Without a sender nobody can interrupt any more.
        std::future::pending::<()>().await;
    }
}
