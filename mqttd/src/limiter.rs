//! How many lines of a kind are logged.

use alloc::collections::BTreeMap;
use core::time::Duration;

/// Lets a number of lines of each cause through in a while, and counts the others.
#[derive(Debug)]
pub(crate) struct Limiter<Cause> {
    lines: u32,
    span: Duration,
    causes: BTreeMap<Cause, Window>,
}

#[derive(Debug, Default)]
struct Window {
    begin: Duration,
    lines: u32,
    suppressed: u64,
}

/// That a line may be logged, and how many of its cause were not before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    pub(crate) suppressed: u64,
}

impl<Cause: Copy + Ord> Limiter<Cause> {
    /// `lines` lines of each cause in each `span`.
    pub(crate) fn new(lines: u32, span: Duration) -> Self {
        Self {
            lines,
            span,
            causes: BTreeMap::new(),
        }
    }

    pub(crate) fn pass(&mut self, now: Duration, cause: Cause) -> Option<Pass> {
        let window = self.causes.entry(cause).or_insert_with(|| Window {
            begin: now,
            ..Window::default()
        });
        if now >= window.begin + self.span {
            (window.begin, window.lines) = (now, 0);
        }
        if window.lines == self.lines {
            window.suppressed += 1;
            return None;
        }
        window.lines += 1;
        Some(Pass {
            suppressed: core::mem::take(&mut window.suppressed),
        })
    }

    /// How many lines of which causes were not logged and not told of yet.
    pub(crate) fn take_suppressed(&mut self) -> Vec<(Cause, u64)> {
        let windows = self.causes.iter_mut();
        windows
            .map(|(cause, window)| (*cause, core::mem::take(&mut window.suppressed)))
            .filter(|(_, suppressed)| *suppressed > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted_and_told_with_the_next_line() {
        let mut limiter = Limiter::new(2, Duration::from_secs(10));
        let second = Duration::from_secs;
        assert_eq!(limiter.pass(second(0), "a"), Some(Pass { suppressed: 0 }));
        assert_eq!(limiter.pass(second(1), "a"), Some(Pass { suppressed: 0 }));
        assert_eq!(limiter.pass(second(2), "a"), None);
        assert_eq!(limiter.pass(second(2), "b"), Some(Pass { suppressed: 0 }));
        assert_eq!(limiter.pass(second(9), "a"), None);
        assert_eq!(limiter.pass(second(10), "a"), Some(Pass { suppressed: 2 }));
        assert_eq!(limiter.pass(second(11), "a"), Some(Pass { suppressed: 0 }));
    }

    #[test]
    fn what_no_line_follows_is_told_without_one_and_once() {
        let mut limiter = Limiter::new(1, Duration::from_secs(10));
        for cause in ["a", "a", "a", "b", "c", "c"] {
            limiter.pass(Duration::ZERO, cause);
        }
        assert_eq!(limiter.take_suppressed(), [("a", 2), ("c", 1)]);
        assert_eq!(limiter.take_suppressed(), []);
        let next = limiter.pass(Duration::from_secs(10), "a");
        assert_eq!(next, Some(Pass { suppressed: 0 }));
    }
}
