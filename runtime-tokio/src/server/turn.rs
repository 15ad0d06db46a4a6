//! What happens once per turn of the loop: writing, and time.

use alloc::rc::Rc;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use mqtt_session::Instant;
use tokio::time::{Sleep, sleep_until};

use super::behind_ready::wake_behind_ready;
use super::shard::{Shard, State};

/// The task that writes what became dirty and lets time pass.
///
/// A read wakes it; then it stands behind all tasks that were ready already and before the next poll. So writes gather by
/// themselves when there is much to read, and leave at once when there is not.
pub(crate) struct Turn {
    shard: Rc<Shard>,
    sleep: Pin<Box<Sleep>>,
}

impl Turn {
    pub(crate) fn new(shard: Rc<Shard>) -> Self {
        let sleep = Box::pin(sleep_until(shard.clock.deadline(shard.clock.now())));
        Self { shard, sleep }
    }
}

impl Future for Turn {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { shard, sleep } = self.get_mut();
        let mut state = shard.state();
        state.turn.woken = false;
        if state.turn.waker.is_none() {
            state.turn.waker = Some(cx.waker().clone());
        }
        let now = shard.clock.now();
        state.turn(now);
        let more = !state.dirty.is_empty();
        let deadline = state.broker.poll_timeout();
        let armed = state.turn.armed.filter(|&armed| armed > now);
        // A later deadline is met by the earlier one, which looks again: moving a timer for each packet would cost more.
        let sooner = deadline.filter(|&deadline| armed.is_none_or(|armed| deadline < armed));
        state.turn.armed = sooner.or(armed);
        drop(state);
        let due = sooner.is_some_and(|at| {
            sleep.as_mut().reset(shard.clock.deadline(at));
            sleep.as_mut().poll(cx).is_ready()
        });
        if more || due {
            wake_behind_ready(cx);
        }
        Poll::Pending
    }
}

impl State {
    fn turn(&mut self, now: Instant) {
        for _ in 0..ROUNDS {
            self.flush(now);
            self.follow(now);
            if self
                .broker
                .poll_timeout()
                .is_some_and(|deadline| deadline <= now)
            {
                self.broker.handle_timeout(now);
                self.follow(now);
            }
            if self.dirty.is_empty() {
                return;
            }
        }
    }

    /// Writes every dirty link.
    fn flush(&mut self, now: Instant) {
        let mut dirty = core::mem::take(&mut self.dirty);
        for link in dirty.drain(..) {
            self.write(now, link);
        }
        // What became dirty meanwhile waits in a new list.
        dirty.append(&mut self.dirty);
        self.dirty = dirty;
    }
}

/// How often what one round made dirty is written in the same turn.
const ROUNDS: usize = 2;
