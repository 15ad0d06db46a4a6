//! How a failing plan is made small.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::check::{Check, Rule};
use crate::guarded_run::GuardedRun;
use crate::plan::{Plan, Planned, Step};
use crate::sabotage::Sabotage;
use crate::trace::Trace;
use crate::world::{Failure, World};

/// How the plan of a failure is run again: with new checks each time.
#[derive(Clone, Copy)]
pub struct Rerun<'a> {
    /// Makes the checks at their begin.
    pub checks: &'a dyn Fn() -> Vec<Box<dyn Check>>,
    /// The rule that is broken on purpose, if one is.
    pub sabotage: Option<Sabotage>,
}

/// A small plan that breaks the same rule as a large one.
#[derive(Clone, Debug)]
pub struct Minimal {
    /// What is left of the plan.
    pub plan: Plan,
    /// How it fails.
    pub failure: Failure,
    /// How many runs it took to find.
    pub runs: u32,
    /// Why the search ended.
    pub end: SearchEnd,
}

/// Why the search for a small plan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchEnd {
    /// Nothing more can be left out, one by one.
    Smallest,
    /// At its bound: there may be a smaller one.
    Bound,
}

impl Rerun<'_> {
    fn world(&self, plan: Plan) -> World {
        World::sabotaged(plan, (self.checks)(), self.sabotage)
    }

    fn run(&self, plan: Plan) -> GuardedRun {
        GuardedRun::new(plan.seed, || self.world(plan))
    }

    /// Runs a plan once more, and notes what happens.
    #[must_use]
    pub fn trace(&self, plan: Plan) -> Trace {
        let run = GuardedRun::new(plan.seed, || {
            let mut world = self.world(plan);
            world.trace();
            world
        });
        run.trace.unwrap_or_default()
    }
}

impl Minimal {
    /// Leaves out of a plan what it does not need to fail: clients, then time, then faults, then single steps, and again
    /// until nothing can be left out.
    ///
    /// It takes at most [`RUNS`](Self::RUNS) runs, and begins none when these had [`STEPS`](Self::STEPS) steps together.
    /// What is not known by then to be needless stays; at worst that is the whole plan, as far as it ran.
    #[must_use]
    pub fn find(plan: Plan, failure: Failure, rerun: &Rerun<'_>) -> Self {
        let mut search = Search {
            rerun,
            rule: failure.broken.rule,
            found: Self {
                plan,
                failure,
                runs: 0,
                end: SearchEnd::Smallest,
            },
            steps: 0,
        };
        // The first runs are the longest ones: who is concerned is often known, and then one of them is enough.
        search.found.forget_the_rest();
        search.keep_clients_concerned();
        let mut before = usize::MAX;
        while search.found.plan.steps.len() < before && !search.is_over() {
            before = search.found.plan.steps.len();
            search.reduce(|_, planned| planned.step.client());
            search.shorten();
            search.reduce(|place, planned| is_fault(&planned.step).then_some(place));
            search.reduce(|place, _| Some(place));
        }
        search.shorten_to_the_last_step();
        if search.is_over() {
            search.found.end = SearchEnd::Bound;
        }
        search.found
    }

    /// The most runs.
    pub const RUNS: u32 = 2_000;
    /// The most steps of worlds: a run of the standard world has about half a million.
    pub const STEPS: u64 = 40_000_000;

    /// What would come behind the failure has no part in it.
    fn forget_the_rest(&mut self) {
        let at = self.failure.at;
        if at < self.plan.span {
            self.plan.span = at;
            self.plan.steps.retain(|planned| planned.at <= at);
        }
    }
}

struct Search<'a> {
    rerun: &'a Rerun<'a>,
    rule: Rule,
    found: Minimal,
    /// Of all worlds so far.
    steps: u64,
}

impl Search<'_> {
    const fn is_over(&self) -> bool {
        self.found.runs >= Minimal::RUNS || self.steps >= Minimal::STEPS
    }

    /// Takes these steps for the plan, if the same rule is broken then.
    fn attempt(&mut self, steps: Vec<Planned>, span: Duration) -> bool {
        if self.is_over() {
            return false;
        }
        let setting = self.found.plan.setting.clone();
        let plan = Plan {
            seed: self.found.plan.seed,
            span,
            setting,
            steps,
        };
        self.found.runs += 1;
        let outcome = self.rerun.run(plan.clone()).outcome;
        self.steps += match &outcome {
            Ok(report) => report.steps,
            Err(failure) => failure.step,
        };
        match outcome {
            Err(failure) if failure.broken.rule == self.rule => {
                self.found.plan = plan;
                self.found.failure = failure;
                self.found.forget_the_rest();
                true
            }
            Ok(_) | Err(_) => false,
        }
    }

    fn keep_clients_concerned(&mut self) {
        let concerned = self.found.failure.broken.clients.clone();
        if concerned.is_empty() {
            return;
        }
        let is_kept = |planned: &Planned| {
            let client = planned.step.client();
            client.is_none_or(|client| concerned.contains(&client))
        };
        self.attempt_those(is_kept);
    }

    fn attempt_those(&mut self, is_kept: impl Fn(&Planned) -> bool) -> bool {
        let plan = &self.found.plan;
        let kept: Vec<Planned> = plan.steps.iter().copied().filter(is_kept).collect();
        kept.len() < plan.steps.len() && self.attempt(kept, plan.span)
    }

    /// Leaves out groups of steps with one key: all, halves, quarters, and so on to each alone. Steps without a key stay.
    fn reduce(&mut self, key: impl Fn(usize, &Planned) -> Option<usize>) {
        let keys = |steps: &[Planned]| -> Vec<usize> {
            let keys = steps.iter().enumerate();
            let keys: BTreeSet<_> = keys.filter_map(|(place, it)| key(place, it)).collect();
            keys.into_iter().collect()
        };
        let mut size = keys(&self.found.plan.steps).len();
        while size > 0 {
            let mut begin = 0;
            while !self.is_over() {
                let steps = &self.found.plan.steps;
                let all = keys(steps);
                let Some(chunk) = all.get(begin..all.len().min(begin + size)) else {
                    break;
                };
                let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else {
                    break;
                };
                let is_left_out = |key: usize| (*first..=*last).contains(&key);
                let kept = steps.iter().enumerate();
                let kept = kept.filter(|(place, it)| !key(*place, it).is_some_and(is_left_out));
                let kept = kept.map(|(_, it)| *it).collect();
                if !self.attempt(kept, self.found.plan.span) {
                    begin += size;
                }
            }
            size /= 2;
        }
    }

    /// Looks for a shorter span where the failure comes only behind its end.
    fn shorten(&mut self) {
        let (mut too_short, mut enough) = (Duration::ZERO, self.found.plan.span);
        if self.found.failure.at < enough {
            return;
        }
        for _ in 0..BISECTIONS {
            let span = (too_short + enough) / 2;
            let steps = self.found.plan.steps.iter();
            let steps = steps.filter(|it| it.at <= span).copied().collect();
            if self.attempt(steps, span) {
                enough = self.found.plan.span;
            } else {
                too_short = span;
            }
        }
    }

    fn shorten_to_the_last_step(&mut self) {
        let steps = self.found.plan.steps.clone();
        let last = steps.last().map_or(Duration::ZERO, |planned| planned.at);
        if last < self.found.plan.span && self.found.failure.at > self.found.plan.span {
            self.attempt(steps, last);
        }
    }
}

impl fmt::Debug for Rerun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rerun")
            .field("sabotage", &self.sabotage)
            .finish_non_exhaustive()
    }
}

const fn is_fault(step: &Step) -> bool {
    match step {
        Step::Begin { .. }
        | Step::Publish { .. }
        | Step::Remove { .. }
        | Step::Subscribe { .. }
        | Step::Unsubscribe { .. } => false,
        Step::Leave { .. }
        | Step::Cut { .. }
        | Step::HalfClose { .. }
        | Step::Stall { .. }
        | Step::Restart { .. }
        | Step::Crash(_)
        | Step::FullDisk { .. }
        | Step::FailedWrite
        | Step::FailedSync
        | Step::ClockJump { .. }
        | Step::Hostile { .. } => true,
    }
}

/// How often a span is halved.
const BISECTIONS: u32 = 6;

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use mqtt_codec::QoS;

    use super::*;
    use crate::check::Broken;
    use crate::observation::{Context, Observation};
    use crate::scenario::Scenario;
    use crate::stage::BEGIN;

    #[test]
    fn what_is_left_is_exactly_what_the_failure_needs() {
        let plan = plan(8, 2);
        let both = [last_publication(&plan, 1), last_publication(&plan, 2)];
        let rerun = Rerun {
            checks: &|| Vec::from([check(both)]),
            sabotage: None,
        };
        let failure = rerun.run(plan.clone()).outcome.unwrap_err();
        let minimal = Minimal::find(plan.clone(), failure, &rerun);
        let is_needed = |planned: &&Planned| {
            let of = |(client, at)| {
                let is_begin = planned.step == Step::Begin { client };
                is_begin || (planned.step.client() == Some(client) && planned.at == at)
            };
            both.into_iter().any(of)
        };
        let needed: Vec<_> = plan.steps.iter().filter(is_needed).copied().collect();
        assert_eq!(needed.len(), 4);
        assert_eq!(minimal.plan.steps, needed);
        assert_eq!(minimal.failure.broken.rule, Rule::Model);
        assert!(minimal.runs < 150, "{} runs", minimal.runs);

        // And of this nothing can be left out.
        let again = Minimal::find(minimal.plan.clone(), minimal.failure.clone(), &rerun);
        assert_eq!(again.plan.steps, minimal.plan.steps);
        assert_eq!(again.failure, minimal.failure);
    }

    #[test]
    fn a_failure_that_does_not_come_again_keeps_its_plan_as_far_as_it_ran() {
        let plan = plan(3, 1);
        let failure = Failure {
            seed: plan.seed,
            step: 1,
            at: Duration::from_millis(500),
            broken: Broken::new(Rule::Model, "once").of_client(1),
        };
        let rerun = Rerun {
            checks: &Vec::new,
            sabotage: None,
        };
        let minimal = Minimal::find(plan.clone(), failure.clone(), &rerun);
        let ran = plan.steps.iter().filter(|it| it.at <= failure.at);
        assert_eq!(minimal.plan.steps, ran.copied().collect::<Vec<_>>());
        assert_eq!(minimal.failure, failure);
        assert!(minimal.runs <= Minimal::RUNS);
    }

    /// Breaks when both messages are acknowledged, each named by its publisher and its time.
    fn check(both: [(usize, Duration); 2]) -> Box<dyn Check> {
        Box::new(Both {
            left: Vec::from(both),
        })
    }

    #[derive(Debug)]
    struct Both {
        left: Vec<(usize, Duration)>,
    }

    impl Check for Both {
        fn observe(
            &mut self,
            context: &Context<'_>,
            observation: &Observation<'_>,
        ) -> Result<(), Broken> {
            if let Observation::Acknowledged {
                client, message, ..
            } = *observation
            {
                let at = context.messages.get(message).unwrap().at - BEGIN;
                self.left.retain(|it| *it != (client, at));
                if self.left.is_empty() {
                    self.left.push((usize::MAX, at));
                    return Err(Broken::new(Rule::Model, String::new()));
                }
            }
            Ok(())
        }
    }

    /// A world in which nothing goes wrong with the broker and the first clients.
    fn plan(clients: usize, seconds: u64) -> Plan {
        let scenario = Scenario {
            clients,
            span: Duration::from_secs(seconds),
            ..Scenario::default()
        };
        let mut plan = Plan::new(11, &scenario);
        let is_far = |step: &Step| step.client().is_some_and(|client| client > 2);
        plan.steps
            .retain(|planned| !is_fault(&planned.step) || is_far(&planned.step));
        plan
    }

    fn last_publication(plan: &Plan, of: usize) -> (usize, Duration) {
        let is_it = |planned: &&Planned| {
            matches!(planned.step, Step::Publish { client, publication }
                if client == of && publication.qos != QoS::AtMostOnce)
        };
        let last = plan.steps.iter().rev().find(is_it).unwrap();
        (of, last.at)
    }
}
