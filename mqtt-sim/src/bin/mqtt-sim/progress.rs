use core::sync::atomic::{AtomicU64, Ordering};
use std::io::{IsTerminal as _, Write as _};

use mqtt_sim::Thousands;

/// A line that tells people at a terminal how far it is.
#[derive(Debug)]
pub(crate) struct Progress {
    seeds: u64,
    is_shown: bool,
    /// The hundredths that were shown last.
    shown: AtomicU64,
}

impl Progress {
    pub(crate) fn new(seeds: u64) -> Self {
        Self {
            seeds,
            is_shown: seeds > 1 && std::io::stderr().is_terminal(),
            shown: AtomicU64::new(0),
        }
    }

    /// So many worlds have been run.
    pub(crate) fn tell(&self, done: u64) {
        let percent = u128::from(done) * 100 / u128::from(self.seeds);
        let percent = u64::try_from(percent).unwrap_or(100);
        if !self.is_shown || self.shown.swap(percent, Ordering::Relaxed) == percent {
            return;
        }
        let (done, seeds) = (Thousands(done), Thousands(self.seeds));
        let _ = write!(std::io::stderr(), "\r{done} of {seeds} worlds, {percent} %");
    }

    /// Nothing more is told: the line is wiped.
    pub(crate) fn end(&self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
