//! Runs of worlds in which a panic is a failure like others.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::any::Any;
use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::panic;

use crate::check::{Broken, Rule};
use crate::trace::Trace;
use crate::world::{Failure, Report, World};

/// What came of a run: a panic inside it is a failure, too.
#[derive(Debug)]
pub struct GuardedRun {
    /// What was counted, or the rule that was broken.
    pub outcome: Result<Report, Failure>,
    /// What was noted, if the world was traced.
    pub trace: Option<Trace>,
}

impl GuardedRun {
    /// Makes the world of a seed and runs it. The world is looked at after a panic: which step it was at is known.
    #[must_use]
    pub fn new(seed: u64, make: impl FnOnce() -> World) -> Self {
        let mut world = None;
        IS_GUARDED.set(true);
        let run = panic::AssertUnwindSafe(|| world.insert(make()).run());
        let outcome = panic::catch_unwind(run);
        IS_GUARDED.set(false);
        Self {
            outcome: outcome.unwrap_or_else(|payload| {
                let reached = world.as_ref().map(|world| (world.step(), world.elapsed()));
                let (step, at) = reached.unwrap_or((0, Duration::ZERO));
                Err(Failure {
                    seed,
                    step,
                    at,
                    broken: Broken::new(Rule::NoPanic, panic_text(&*payload)),
                })
            }),
            trace: world.as_mut().and_then(World::take_trace),
        }
    }
}

/// From now on a panic in a [`GuardedRun`] is not printed when it happens, and its failure says where it was. Programs call
/// it once at their begin.
pub fn keep_panics_for_reports() {
    let others = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if IS_GUARDED.get() {
            PLACE.set(info.location().map(ToString::to_string));
        } else {
            others(info);
        }
    }));
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => text,
        (None, Some(text)) => text.as_str(),
        (None, None) => "something",
    };
    match PLACE.take() {
        Some(place) => format!("{text}, at {place}"),
        None => text.into(),
    }
}

std::thread_local! {
    /// Whether this thread runs a world.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic of a world was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::check::Check;
    use crate::observation::{Context, Observation};
    use crate::plan::Plan;
    use crate::scenario::Scenario;

    #[test]
    fn a_panic_is_a_failure_that_names_seed_and_step() {
        let scenario = Scenario {
            clients: 5,
            span: Duration::from_secs(2),
            ..Scenario::default()
        };
        let make = || {
            let checks: Vec<Box<dyn Check>> = Vec::from([Box::new(Panics) as Box<dyn Check>]);
            let mut world = World::new(Plan::new(11, &scenario), checks);
            world.trace();
            world
        };
        let run = GuardedRun::new(11, make);
        let last = run.trace.unwrap().entries().last().unwrap().clone();
        let broken = Broken::new(Rule::NoPanic, "a message is published");
        let failure = Failure {
            seed: 11,
            step: last.step,
            at: last.at,
            broken,
        };
        assert!(failure.step > 0);
        assert_eq!(run.outcome, Err(failure));
    }

    #[derive(Debug)]
    struct Panics;

    impl Check for Panics {
        fn observe(
            &mut self,
            _context: &Context<'_>,
            observation: &Observation<'_>,
        ) -> Result<(), Broken> {
            let is_published = matches!(observation, Observation::Published { .. });
            assert!(!is_published, "a message is published");
            Ok(())
        }
    }
}
