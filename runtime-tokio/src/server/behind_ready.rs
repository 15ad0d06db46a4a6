use core::future::Future;
use core::pin::pin;
use core::task::Context;

use tokio::task::yield_now;

/// Wakes the task that is polled, behind all tasks that are ready and after the next look for what else has become ready.
///
/// A plain wake would put it behind the ready tasks too, but before that look: a busy connection could keep the runtime from
/// the others for as long as it lasts. In its first poll `yield_now` hands the waker to tokio's list of deferred ones, which
/// are woken after the driver has run. The list owns the waker then, so the future need not live on. Outside of tokio's
/// tasks it wakes at once instead.
pub(crate) fn wake_behind_ready(cx: &mut Context<'_>) {
    if pin!(yield_now()).poll(cx).is_ready() {
        // A version of it that does not wait.
        cx.waker().wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use alloc::rc::Rc;
    use core::cell::RefCell;
    use core::future::poll_fn;
    use core::task::Poll;

    use tokio::runtime::{Builder, LocalOptions};
    use tokio::task::spawn_local;

    use super::*;

    #[test]
    fn it_wakes_once_and_behind_those_that_are_ready() {
        let runtime = Builder::new_current_thread()
            .build_local(LocalOptions::default())
            .unwrap();
        let order = Rc::new(RefCell::new(Vec::new()));
        runtime.block_on(async {
            let note = |what| {
                let order = Rc::clone(&order);
                move || order.borrow_mut().push(what)
            };
            let (first, again, other, woken) =
                (note("first"), note("again"), note("other"), note("woken"));
            let yielding = spawn_local(async move {
                let mut polls = 0;
                poll_fn(|cx| {
                    polls += 1;
                    if polls > 1 {
                        again();
                        return Poll::Ready(());
                    }
                    first();
                    wake_behind_ready(cx);
                    Poll::Pending
                })
                .await;
            });
            let ready = spawn_local(async move {
                other();
                // Woken plainly, it still comes before.
                let mut polls = 0;
                poll_fn(|cx| {
                    polls += 1;
                    cx.waker().wake_by_ref();
                    if polls > 1 {
                        Poll::Ready(())
                    } else {
                        Poll::Pending
                    }
                })
                .await;
                woken();
            });
            yielding.await.unwrap();
            ready.await.unwrap();
        });
        assert_eq!(*order.borrow(), ["first", "other", "woken", "again"]);
    }
}
