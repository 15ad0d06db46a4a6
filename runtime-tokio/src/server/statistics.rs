use mqtt_broker_core::{Counters, Gauges};

use super::event::Refusal;

/// The numbers of a [`Server`](crate::Server).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Statistics {
    /// What the broker counted since the start.
    pub counters: Counters,
    /// How much there is of everything in the broker.
    pub gauges: Gauges,
    /// What happened to connections before they were the broker's.
    pub accepts: AcceptCounters,
    /// How many connections were closed because they brought more than may be held unread, since the start.
    pub closed_for_unread: u64,
}

/// What happened to connections before they were the broker's, counted since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AcceptCounters {
    /// Connections that came.
    pub accepted: u64,
    /// Connections that ended without a CONNECT.
    pub no_connect: u64,
    refused: [u64; Refusal::ALL.len()],
}

impl AcceptCounters {
    /// How many connections a limit closed as soon as they came.
    #[must_use]
    pub fn refused(&self, refusal: Refusal) -> u64 {
        self.refused.get(refusal as usize).copied().unwrap_or(0)
    }

    pub(crate) fn count(&mut self, refusal: Refusal) {
        if let Some(count) = self.refused.get_mut(refusal as usize) {
            *count += 1;
        }
    }
}
