use core::time::Duration;
use std::time::SystemTime;

use mqtt_session::Instant;

/// The time that the machines are given: microseconds since the Unix epoch, read once and carried forward by the
/// monotonic clock, so that it never goes back and can be compared with what was stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: tokio::time::Instant,
    start_since_epoch: Duration,
}

impl Clock {
    /// Reads the wall clock, this once.
    #[expect(clippy::disallowed_methods, reason = "the adapter's clock")]
    pub(crate) fn start() -> Self {
        let start_since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            start: tokio::time::Instant::now(),
            start_since_epoch,
        }
    }

    /// Now.
    #[inline]
    pub(crate) fn now(&self) -> Instant {
        let since_epoch =
            self.start_since_epoch + tokio::time::Instant::now().duration_since(self.start);
        Instant::from_micros(u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX))
    }

    /// The same moment for tokio's timers.
    pub(crate) fn deadline(&self, at: Instant) -> tokio::time::Instant {
        let after_start =
            Duration::from_micros(at.as_micros()).saturating_sub(self.start_since_epoch);
        // Rounded up, so that a timer never fires before its moment.
        self.start + after_start.min(FAR) + Duration::from_micros(1)
    }
}

/// Farther than anyone waits, and near enough for every system's clock.
const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_not_before_its_moment() {
        let clock = Clock::start();
        let at = clock.now() + Duration::from_secs(5);
        let deadline = clock.deadline(at);
        let after_start = deadline.duration_since(clock.start);
        assert!(clock.start_since_epoch + after_start >= Duration::from_micros(at.as_micros()));
        assert!(after_start <= Duration::from_secs(6));
        assert!(clock.deadline(Instant::from_micros(u64::MAX)) > deadline);
    }
}
