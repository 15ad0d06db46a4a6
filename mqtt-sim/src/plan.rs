//! What will happen in a world, worked out from the seed before it begins.

mod clients;
mod faults;
mod grid;
mod limits;
mod step;
mod words;
mod workload;

use alloc::vec::Vec;
use core::time::Duration;

use crate::observation::Setting;
use crate::random::{Random, Stream};
use crate::scenario::Scenario;

pub use step::{Crash, Planned, Publication, Step, Will};

/// Everything that will happen in a world from outside: what the applications do, and what goes wrong.
///
/// A step may be left out, and the world still runs: that is how a failing one is made small. How bytes travel and how
/// long the disk takes is drawn from the seed when it comes to that.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where it comes from.
    pub seed: u64,
    /// For how long something happens.
    pub span: Duration,
    /// Who there is.
    pub setting: Setting,
    /// What happens, in its order.
    pub steps: Vec<Planned>,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn new(seed: u64, scenario: &Scenario) -> Self {
        let mut setting = clients::setting(seed, scenario);
        setting.broker = limits::limits(&mut Random::new(seed, Stream::Limits), &scenario.broker);
        let mut steps = Vec::new();
        for client in 0..scenario.clients {
            let mut random = Random::new(seed, Stream::Workload(client));
            workload::add(&mut random, scenario, &mut setting, client, &mut steps);
            faults::add_of_client(&mut random, scenario, client, &mut steps);
        }
        let mut random = Random::new(seed, Stream::World);
        faults::add_of_world(&mut random, scenario, &mut steps);
        steps.sort_by_key(|planned| planned.at);
        Self {
            seed,
            span: scenario.span,
            setting,
            steps,
        }
    }
}
