//! All timers of a broker, in one structure.
//!
//! What changes with every packet does not come here. Keep alive is one timer of a link: the link notes the time of its
//! last packet, which is O(1) per packet, and when the timer fires its owner looks at that time and sets it anew, if
//! need be. So no timer is ever moved or cancelled; one that is not wanted any more is ignored when it fires, or goes
//! before that when [`Timers::tidy`] asks its owner.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Ordering;

use mqtt_session::Instant;

/// Timers that are named by `K`. One takes the size of `K` and 12 bytes.
///
/// They fire in the order of their times, exact to the microsecond; those of the same time in the order in which they
/// were set. After [`pop_expired(now)`](Self::pop_expired) said `None`, [`next`](Self::next) is `None` or later than
/// `now`. Setting and popping take at most log2(n) steps.
///
/// A timer that was set more than once fires at the first of its times; whether it also fires at the others is open. Its
/// owner looks each time what is due.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    /// The greatest entry is the one that fires first.
    heap: BinaryHeap<Entry<K>>,
    next_order: u32,
    /// With so many, some may not be wanted any more.
    tidy_at: usize,
}

/// Compares as what fires later is less.
#[derive(Clone, Copy, Debug)]
struct Entry<K> {
    at: Instant,
    /// Rises with each set, and wraps: two for the same microsecond are not set 2^31 sets apart.
    order: u32,
    key: K,
}

impl<K: Copy + Eq> Timers<K> {
    pub(crate) const fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            next_order: 0,
            tidy_at: KEPT,
        }
    }

    /// When the next one fires.
    #[inline]
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|entry| entry.at)
    }

    /// Sets a timer. A time that is over already is all right: it fires at the next occasion.
    pub(crate) fn set(&mut self, key: K, at: Instant) {
        let order = self.next_order;
        self.next_order = order.wrapping_add(1);
        self.heap.push(Entry { at, order, key });
    }

    /// The next timer whose time has come by `now`; it is gone then.
    #[inline]
    pub(crate) fn pop_expired(&mut self, now: Instant) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let entry = self.heap.pop()?;
        if self.heap.len() < self.heap.capacity() / 4 && self.heap.capacity() > KEPT {
            // A rush is over.
            self.heap.shrink_to(self.heap.capacity() / 2);
            self.tidy_at = self.tidy_at.min(self.heap.capacity());
        }
        Some(entry.key)
    }

    /// Takes out timers that are not wanted any more, and of those with the same name all but the first to fire.
    ///
    /// It does nothing until there are twice as many as it left the last time, so it may be called often: each set pays
    /// for a few steps of it, and what is not wanted never is more than what is wanted, but for a few.
    pub(crate) fn tidy(&mut self, mut is_wanted: impl FnMut(K) -> bool)
    where
        K: Ord,
    {
        if self.heap.len() < self.tidy_at {
            return;
        }
        let mut entries: Vec<Entry<K>> = core::mem::take(&mut self.heap).into_vec();
        entries.retain(|entry| is_wanted(entry.key));
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key).then(b.cmp(a)));
        entries.dedup_by(|later, first| later.key == first.key);
        self.tidy_at = KEPT.max(2 * entries.len());
        entries.shrink_to(self.tidy_at);
        self.heap = BinaryHeap::from(entries);
    }
}

impl<K> Ord for Entry<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = || match self.order.wrapping_sub(other.order) {
            0 => Ordering::Equal,
            1..=0x7FFF_FFFF => Ordering::Less,
            0x8000_0000.. => Ordering::Greater,
        };
        other.at.cmp(&self.at).then_with(order)
    }
}

impl<K> PartialOrd for Entry<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> PartialEq for Entry<K> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<K> Eq for Entry<K> {}

/// For so many timers memory is kept, and fewer are not tidied.
const KEPT: usize = 1024;

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::{Entry, KEPT, Timers};
    use mqtt_session::Instant;

    #[test]
    fn timers_fire_by_time_and_then_in_the_order_in_which_they_were_set() {
        let mut timers = Timers::new();
        for (key, at) in [('c', 30), ('a', 10), ('d', 30), ('b', 20), ('e', 30)] {
            timers.set(key, micros(at));
        }
        assert_eq!(timers.next(), Some(micros(10)));
        assert_eq!(pop_all(&mut timers, 29), ['a', 'b']);
        assert_eq!(timers.next(), Some(micros(30)));
        assert_eq!(pop_all(&mut timers, 30), ['c', 'd', 'e']);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn the_order_of_timers_of_the_same_time_survives_the_wrapping_of_its_numbers() {
        let mut timers = Timers::new();
        timers.next_order = u32::MAX - 1;
        for key in 0..5 {
            timers.set(key, micros(1));
        }
        assert_eq!(pop_all(&mut timers, 1), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_time_that_is_over_fires_at_once() {
        let mut timers = Timers::new();
        timers.set('a', micros(5));
        assert_eq!(pop_all(&mut timers, 7), ['a']);
        timers.set('b', micros(6));
        assert_eq!(timers.next(), Some(micros(6)));
        assert_eq!(pop_all(&mut timers, 7), ['b']);
    }

    #[test]
    fn tidying_leaves_what_is_wanted_once_at_its_first_time() {
        let mut timers = Timers::new();
        for key in 0..2_000u64 {
            timers.set(key, micros(9_000));
            timers.set(key, micros(5_000 - key));
        }
        timers.tidy(|key| key < 3);
        assert_eq!(timers.heap.len(), 3);
        assert!(timers.heap.capacity() <= KEPT);
        assert_eq!(timers.next(), Some(micros(4_998)));
        assert_eq!(pop_all(&mut timers, 10_000), [2, 1, 0]);
    }

    #[test]
    fn timers_that_nobody_wants_do_not_pile_up() {
        let mut timers = Timers::new();
        let mut asked = 0;
        for at in 0..100_000u64 {
            timers.set(at, micros(1_000_000 + at));
            timers.tidy(|key| {
                asked += 1;
                key < 10
            });
            assert!(timers.heap.len() <= KEPT);
        }
        assert!(asked < 200_000, "{asked}");
    }

    #[test]
    fn timers_that_are_wanted_are_seldom_asked_for() {
        let mut timers = Timers::new();
        let mut asked = 0;
        for at in 0..100_000u64 {
            timers.set(at, micros(at));
            timers.tidy(|_| {
                asked += 1;
                true
            });
        }
        assert_eq!(timers.heap.len(), 100_000);
        assert!(asked < 200_000, "{asked}");
    }

    #[test]
    fn tidying_waits_until_there_are_twice_as_many_as_it_left() {
        let mut timers = Timers::new();
        let tidies = |timers: &mut Timers<usize>, to| {
            for key in timers.heap.len()..to {
                timers.set(key, micros(1));
            }
            let mut asked = 0;
            timers.tidy(|key| {
                asked += 1;
                key < 1_500
            });
            asked
        };
        assert_eq!(tidies(&mut timers, KEPT - 1), 0);
        assert_eq!(tidies(&mut timers, KEPT), KEPT);
        assert_eq!(tidies(&mut timers, 2 * KEPT - 1), 0);
        assert_eq!(tidies(&mut timers, 2 * KEPT), 2 * KEPT);
        assert_eq!(timers.heap.len(), 1_500);
        assert_eq!(tidies(&mut timers, 2_999), 0);
        assert_eq!(tidies(&mut timers, 3_000), 3_000);
    }

    #[test]
    fn memory_is_given_back_after_a_rush() {
        let mut timers = Timers::new();
        timers.heap.reserve_exact(8 * KEPT);
        for at in 0..4 * KEPT {
            timers.set(at, micros(1));
        }
        timers.tidy_at = 8 * KEPT;
        for left in (0..4 * KEPT).rev() {
            assert!(timers.pop_expired(micros(1)).is_some());
            // Half of it when less than a quarter is used.
            let capacity = match left {
                _ if left >= 2 * KEPT => 8 * KEPT,
                _ if left >= KEPT => 4 * KEPT,
                _ if left >= KEPT / 2 => 2 * KEPT,
                _ => KEPT,
            };
            assert_eq!(timers.heap.capacity(), capacity, "{left} left");
            assert_eq!(timers.tidy_at, capacity);
        }
    }

    #[test]
    fn a_timer_with_a_name_of_12_bytes_takes_24() {
        assert_eq!(size_of::<Entry<[u32; 3]>>(), 24);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Set(u64),
        Advance(u64),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![4 => (0..50u64).prop_map(Step::Set), 1 => (0..20u64).prop_map(Step::Advance)]
    }

    proptest! {
        #[test]
        fn they_do_what_a_sorted_list_does(steps in prop::collection::vec(any_step(), 0..200)) {
            let mut timers = Timers::new();
            let mut model: Vec<(Instant, usize)> = Vec::new();
            let mut now = 0;
            for (key, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Set(after) => {
                        timers.set(key, micros(now + after));
                        model.push((micros(now + after), key));
                    }
                    Step::Advance(by) => now += by,
                }
                model.sort_unstable();
                while model.first().is_some_and(|&(at, _)| at <= micros(now)) {
                    prop_assert_eq!(timers.pop_expired(micros(now)), Some(model.remove(0).1));
                }
                prop_assert_eq!(timers.pop_expired(micros(now)), None);
                prop_assert_eq!(timers.next(), model.first().map(|&(at, _)| at));
                prop_assert_eq!(timers.heap.len(), model.len());
            }
        }

        #[test]
        fn tidying_changes_no_first_time_of_what_is_wanted(
            sets in prop::collection::vec((0..20u8, 0..50u64), 0..200),
        ) {
            let mut timers = Timers::new();
            for &(key, at) in &sets {
                timers.set(key, micros(at));
            }
            timers.tidy_at = 0;
            timers.tidy(|key| key % 2 == 0);
            let mut expected: Vec<(u64, usize, u8)> = Vec::new();
            for key in (0..20).step_by(2) {
                let times = sets.iter().enumerate().filter(|&(_, &(name, _))| name == key);
                expected.extend(times.map(|(order, &(_, at))| (at, order, key)).min());
            }
            expected.sort_unstable();
            let expected: Vec<u8> = expected.into_iter().map(|(_, _, key)| key).collect();
            prop_assert_eq!(pop_all(&mut timers, 50), expected);
        }
    }

    fn micros(at: u64) -> Instant {
        Instant::from_micros(at)
    }

    fn pop_all<K: Copy + Eq>(timers: &mut Timers<K>, now: u64) -> Vec<K> {
        core::iter::from_fn(|| timers.pop_expired(micros(now))).collect()
    }
}
