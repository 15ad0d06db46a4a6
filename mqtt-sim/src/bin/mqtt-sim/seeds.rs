//! Seeds are shared out to threads. What comes of it does not depend on which thread is faster.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use core::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use mqtt_sim::{Counts, Failure, Report, Thousands};

use crate::progress::Progress;

/// Runs a world for each seed of the range, until one fails: what was done before the smallest failing seed, and its failure.
///
/// Seeds are begun in their order, and each that was begun is ended: so no smaller seed than that one fails.
pub(crate) fn run_all(
    range: RangeInclusive<u64>,
    jobs: u64,
    progress: &Progress,
    run: &(impl Fn(u64) -> Result<Report, Failure> + Sync),
) -> (Tally, Option<Failure>) {
    let work = Mutex::new(Work {
        tally: Tally::new(*range.start()),
        left: range,
        failure: None,
    });
    let worker = || {
        let next = || lock(&work).next();
        // Not in the condition: a lock there would be held in the body.
        while let Some(seed) = next() {
            let outcome = run(seed);
            let done = lock(&work).done(seed, outcome);
            progress.tell(done);
        }
    };
    thread::scope(|scope| {
        for job in 1..jobs {
            let builder = thread::Builder::new().name(format!("worlds {job}"));
            // With fewer threads it takes longer.
            let _ = builder.spawn_scoped(scope, worker);
        }
        worker();
    });
    progress.end();
    let work = work.into_inner().unwrap_or_else(PoisonError::into_inner);
    (work.tally, work.failure)
}

/// What was done, of all seeds from the first one up to the first that is missing.
#[derive(Debug)]
pub(crate) struct Tally {
    counts: Counts,
    worlds: u64,
    /// The first seed that is missing.
    next: Option<u64>,
    /// What came before its time.
    early: BTreeMap<u64, Report>,
}

impl Tally {
    pub(crate) const fn new(first: u64) -> Self {
        Self {
            counts: Counts {
                published: 0,
                delivered: 0,
                connections: 0,
                restarts: 0,
                commits: 0,
            },
            worlds: 0,
            next: Some(first),
            early: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, seed: u64, report: Report) {
        self.early.insert(seed, report);
        while let Some(report) = self.next.and_then(|next| self.early.remove(&next)) {
            let (counts, more) = (&mut self.counts, report.counts);
            counts.published += more.published;
            counts.delivered += more.delivered;
            counts.connections += more.connections;
            counts.restarts += more.restarts;
            counts.commits += more.commits;
            self.worlds += 1;
            self.next = self.next.and_then(|next| next.checked_add(1));
        }
    }

    /// A line about it, of worlds of so many seconds.
    pub(crate) fn summary(&self, seeds: u64, secs: u64) -> String {
        let Counts {
            published,
            delivered,
            connections,
            restarts,
            commits,
        } = self.counts;
        format!(
            "{} of {} worlds kept all rules: {} published, {} delivered, {} connections, {} commits, {} restarts, {} simulated seconds",
            Thousands(self.worlds),
            Thousands(seeds),
            Thousands(published),
            Thousands(delivered),
            Thousands(connections),
            Thousands(commits),
            Thousands(restarts),
            Thousands(self.worlds.saturating_mul(secs)),
        )
    }
}

struct Work {
    left: RangeInclusive<u64>,
    tally: Tally,
    /// The one with the smallest seed.
    failure: Option<Failure>,
}

impl Work {
    /// A seed to run, unless one has failed.
    fn next(&mut self) -> Option<u64> {
        match self.failure {
            Some(_) => None,
            None => self.left.next(),
        }
    }

    /// How many worlds that are.
    fn done(&mut self, seed: u64, outcome: Result<Report, Failure>) -> u64 {
        match outcome {
            Ok(report) => self.tally.add(seed, report),
            Err(failure) => {
                if self
                    .failure
                    .as_ref()
                    .is_none_or(|it| failure.seed < it.seed)
                {
                    self.failure = Some(failure);
                }
            }
        }
        self.tally.worlds
    }
}

fn lock<'a>(work: &'a Mutex<Work>) -> MutexGuard<'a, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use mqtt_sim::{Broken, Rule};

    use super::*;

    #[test]
    fn every_seed_is_run_once_whatever_the_threads() {
        for jobs in [1, 3, 100] {
            let (tally, failure) =
                run_all(5..=64, jobs, &Progress::new(60), &|seed| Ok(report(seed)));
            assert_eq!(failure, None);
            assert_eq!((tally.worlds, tally.early.len()), (60, 0));
            assert_eq!(tally.counts.published, (5..=64).sum());
        }
    }

    #[test]
    fn the_last_seed_of_all_is_run() {
        let run = |seed| Ok(report(seed % 2));
        let range = u64::MAX - 1..=u64::MAX;
        let (tally, failure) = run_all(range, 2, &Progress::new(2), &run);
        assert_eq!((tally.worlds, failure), (2, None));
    }

    #[test]
    fn the_smallest_failing_seed_is_the_failure_whatever_the_threads() {
        for jobs in [1, 2, 7] {
            let run = |seed| match seed {
                13 | 14 | 17 => Err(failed(seed)),
                _ => Ok(report(seed)),
            };
            let (tally, failure) = run_all(10..=1_000, jobs, &Progress::new(991), &run);
            assert_eq!(failure, Some(failed(13)));
            assert_eq!(
                tally.summary(991, 60),
                "3 of 991 worlds kept all rules: 33 published, 0 delivered, 0 connections, 0 commits, 0 restarts, 180 simulated seconds"
            );
        }
    }

    fn report(published: u64) -> Report {
        Report {
            counts: Counts {
                published,
                ..Counts::default()
            },
            steps: 1,
            span: Duration::ZERO,
        }
    }

    fn failed(seed: u64) -> Failure {
        Failure {
            seed,
            step: 1,
            at: Duration::ZERO,
            broken: Broken::new(Rule::Order, "here"),
        }
    }
}
