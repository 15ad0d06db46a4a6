use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A point in time: microseconds since an origin that the caller chose.
///
/// The crate reads no clock; every `now` is an argument. With the Unix epoch as origin, instants can be stored and
/// compared after a restart. The largest is more than half a million years after the origin.
///
/// ```
/// use core::time::Duration;
/// use mqtt_session::Instant;
///
/// let start = Instant::from_micros(1_000);
/// let later = start + Duration::from_millis(3);
/// assert_eq!(later.as_micros(), 4_000);
/// assert_eq!(later.saturating_duration_since(start), Duration::from_millis(3));
/// assert_eq!(start.saturating_duration_since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The last one, about 584,000 years after the origin.
    pub const MAX: Self = Self(u64::MAX);

    /// So many microseconds after the origin.
    #[must_use]
    #[inline]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the origin.
    #[must_use]
    #[inline]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// What passed since `earlier`; zero when that is later.
    #[must_use]
    #[inline]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// `duration` later, in whole microseconds; `None` past [`Instant::MAX`].
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let micros = u64::try_from(duration.as_micros()).ok()?;
        self.0.checked_add(micros).map(Self)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// At most [`Instant::MAX`].
    #[inline]
    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// As [`saturating_duration_since`](Instant::saturating_duration_since).
    #[inline]
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addition_stops_at_the_last_instant() {
        assert_eq!(Instant::MAX.checked_add(Duration::from_micros(1)), None);
        assert_eq!(Instant::from_micros(1) + Duration::MAX, Instant::MAX);
        assert_eq!(
            Instant::MAX.checked_add(Duration::from_nanos(999)),
            Some(Instant::MAX)
        );
    }

    #[test]
    fn is_a_number_of_microseconds() {
        let (early, late) = (Instant::from_micros(7), Instant::from_micros(3_000_009));
        assert_eq!((early.as_micros(), late.as_micros()), (7, 3_000_009));
        assert_eq!(late - early, Duration::from_micros(3_000_002));
        assert_eq!(early - late, Duration::ZERO);
        assert_eq!(alloc::format!("{early:?} {late:?}"), "0.000007s 3.000009s");
    }
}
