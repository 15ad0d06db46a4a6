use core::fmt;
use core::time::Duration;

use mqtt_broker_core::{Config, Persistence};

/// What kind of world a seed makes. Where it says how much time passes between two of something, zero means never.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How many clients there are.
    pub clients: usize,
    /// How many of a hundred clients talk to the echo server; at least one of twenty or more, unless this is 0.
    pub echo_percent: u64,
    /// For how long they work.
    pub span: Duration,
    /// How much time passes between two messages of a client, on average.
    pub publish_every: Duration,
    /// How much time passes between two losses of a client's connection, on average.
    pub cut_every: Duration,
    /// The broker's process ends once in each such span, or in what there is of it.
    pub crash_every: Duration,
    /// How much time passes between two changes of a client's subscriptions, on average.
    pub subscribe_every: Duration,
    /// How much time passes between two hostile clients, on average.
    pub hostile_every: Duration,
    /// What the broker is started with; each seed has limits of its own.
    pub broker: Config,
}

impl Default for Scenario {
    /// The standard world: 100 clients, each with 10 messages and a tenth of a lost connection a second, and a crash of the
    /// broker each minute.
    fn default() -> Self {
        Self {
            clients: 100,
            echo_percent: 2,
            span: Duration::from_secs(60),
            publish_every: Duration::from_millis(100),
            cut_every: Duration::from_secs(10),
            crash_every: Duration::from_secs(60),
            subscribe_every: Duration::from_secs(5),
            hostile_every: Duration::from_secs(5),
            broker: Config {
                persistence: Persistence::Store,
                maximum_session_expiry: 2 * 60 * 60,
                ..Config::default()
            },
        }
    }
}

impl fmt::Display for Scenario {
    /// As the arguments of the program.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "--clients {} --secs {}",
            self.clients,
            self.span.as_secs()
        )?;
        let standard = Self::default();
        if self.cut_every != standard.cut_every {
            write!(f, " --cut-every {}", self.cut_every.as_secs())?;
        }
        if self.crash_every != standard.crash_every {
            write!(f, " --crash-every {}", self.crash_every.as_secs())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Plan, Step};

    #[test]
    fn what_happens_every_zero_seconds_never_happens() {
        let scenario = Scenario {
            clients: 2,
            publish_every: Duration::ZERO,
            cut_every: Duration::ZERO,
            crash_every: Duration::ZERO,
            subscribe_every: Duration::ZERO,
            hostile_every: Duration::ZERO,
            span: Duration::from_secs(20),
            ..Scenario::default()
        };
        let plan = Plan::new(1, &scenario);
        let is_expected = |step: &Step| matches!(step, Step::Begin { .. } | Step::Leave { .. });
        assert!(plan.steps.iter().all(|planned| is_expected(&planned.step)));
    }
}
