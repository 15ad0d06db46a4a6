use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::chart::Chart;
use crate::minimize::{Minimal, Rerun, SearchEnd};
use crate::names::Names;
use crate::plan::Plan;
use crate::profile::{Lasting, Profile, Server};
use crate::sabotage::Sabotage;
use crate::scenario::Scenario;
use crate::thousands::Thousands;
use crate::trace::Seconds;
use crate::world::Failure;

/// All that a person wants to know of a failure: which rule, how to repeat it, what is needed for it, what happened, and
/// how the seed becomes a test.
#[derive(Clone, Debug)]
pub struct FailureReport {
    /// How the whole plan fails.
    pub failure: Failure,
    /// What is needed.
    pub minimal: Minimal,
    /// What made the whole plan, and how many steps it has.
    scenario: Scenario,
    steps: usize,
    sabotage: Option<Sabotage>,
    chart: String,
}

impl FailureReport {
    /// Looks for the smallest plan, and draws it.
    #[must_use]
    pub fn new(scenario: &Scenario, failure: Failure, rerun: &Rerun<'_>) -> Self {
        let plan = Plan::new(failure.seed, scenario);
        let steps = plan.steps.len();
        let minimal = Minimal::find(plan, failure.clone(), rerun);
        let trace = rerun.trace(minimal.plan.clone());
        let chart = Chart::new(&trace, &minimal.failure).to_string();
        Self {
            failure,
            minimal,
            scenario: scenario.clone(),
            steps,
            sabotage: rerun.sabotage,
            chart,
        }
    }

    fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure {
            seed,
            step,
            at,
            broken,
        } = &self.failure;
        let (step, at) = (Thousands(*step), Seconds(*at).to_string());
        let at = at.trim_start();
        writeln!(
            f,
            "seed {seed} breaks a rule at step {step}, after {at} s:\n"
        )?;
        writeln!(f, "    {broken}\n")?;
        if let Some(sabotage) = self.sabotage {
            writeln!(
                f,
                "It was broken on purpose, by {sabotage:?}. Without that:\n"
            )?;
        } else {
            writeln!(f, "Once more, with the checks of the program:\n")?;
        }
        writeln!(
            f,
            "    cargo run -p mqtt-sim --release -- --from {seed} {}\n",
            self.scenario
        )
    }

    fn plan(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = &self.minimal.plan;
        let names = &plan.setting.names;
        let steps = plan.steps.iter();
        let clients: BTreeSet<_> = steps.filter_map(|it| it.step.client()).collect();
        let (left, all) = (plan.steps.len() as u64, self.steps as u64);
        writeln!(
            f,
            "{} of {} steps, {} of {} clients, {} of {} s are enough (found in {} runs):\n",
            Thousands(left),
            Thousands(all),
            clients.len(),
            self.scenario.clients,
            Seconds(plan.span).to_string().trim_start(),
            self.scenario.span.as_secs(),
            self.minimal.runs
        )?;
        if self.minimal.end == SearchEnd::Bound {
            writeln!(f, "The search ended at its bound: less may be enough.\n")?;
        }
        let listed = clients.iter().take(LISTED_CLIENTS);
        for client in listed {
            if let Some(profile) = plan.setting.clients.get(*client) {
                writeln!(f, "    c{client}: {}", profile_words(profile, names))?;
            }
        }
        let left_out = clients.len().saturating_sub(LISTED_CLIENTS);
        if left_out > 0 {
            writeln!(f, "    … {left_out} more")?;
        }
        writeln!(f)?;
        let left_out = plan.steps.len().saturating_sub(LISTED_STEPS);
        for planned in plan.steps.iter().skip(left_out) {
            let words = planned.step.words(names);
            writeln!(f, "    {} {words}", Seconds(planned.at))?;
        }
        if left_out > 0 {
            writeln!(f, "    … and {left_out} before these")?;
        }
        writeln!(f)
    }

    fn test(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { seed, broken, .. } = &self.failure;
        let (scenario, found) = (&self.scenario, broken.to_string());
        writeln!(
            f,
            "The seed becomes a test, as a line of the table in mqtt-sim/tests/seeds.rs:\n"
        )?;
        writeln!(f, "    (\"--from {seed} {scenario}\", {found:?}),")
    }
}

impl fmt::Display for FailureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        self.plan(f)?;
        let Failure {
            step, at, broken, ..
        } = &self.minimal.failure;
        let at = Seconds(*at).to_string();
        let (step, at) = (Thousands(*step), at.trim_start());
        writeln!(
            f,
            "They break it at step {step}, after {at} s:\n\n    {broken}\n"
        )?;
        writeln!(f, "{}", self.chart)?;
        self.test(f)
    }
}

/// What a client is, in a line.
fn profile_words(profile: &Profile, names: &Names) -> String {
    let mut words = format!("MQTT {}", profile.version);
    if profile.server == Server::Echo {
        words += " to the echo server";
    }
    words += &match profile.session {
        Lasting::Clean => ", clean".into(),
        Lasting::For(seconds) => format!(", session for {seconds} s"),
    };
    words += &format!(", receive maximum {}", profile.receive_maximum);
    if let Some(will) = profile.will {
        let qos = will.qos as u8;
        words += &format!(", will qos{qos} after {} s", will.delay);
    }
    let subscriptions = profile.subscriptions.iter();
    let subscriptions: Vec<_> = subscriptions
        .filter_map(|(filter, options)| {
            let filter = names.filter(*filter)?;
            Some(format!("{filter} qos{}", options.maximum_qos as u8))
        })
        .collect();
    words + ", subscribed to " + &subscriptions.join(", ")
}

/// The most clients and steps that are listed.
const LISTED_CLIENTS: usize = 20;
const LISTED_STEPS: usize = 60;
