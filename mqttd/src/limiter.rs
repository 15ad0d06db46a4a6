//! How many lines of a kind are logged.

use alloc::collections::BTreeMap;
use core::time::Duration;

/// Lets a number of lines of each cause through in a while, and counts the others.
#[derive(Debug)]
pub(crate) struct Limiter {
    lines: u32,
    span: Duration,
    causes: BTreeMap<&'static str, Window>,
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

impl Limiter {
    /// `lines` lines of each cause in each `span`.
    pub(crate) fn new(lines: u32, span: Duration) -> Self {
        Self {
            lines,
            span,
            causes: BTreeMap::new(),
        }
    }

    pub(crate) fn pass(&mut self, now: Duration, cause: &'static str) -> Option<Pass> {
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
}
