use core::task::Poll;

use super::driver::Next;

/// What a connection can go on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Message,
    Request,
    Write,
    Read,
}

/// Whose turn it is, so that none of them keeps the others from theirs. Messages have several in a row, and are then
/// written together; requests stay behind those that came before them, unless these wait for the server.
#[derive(Debug, Default)]
pub(super) struct Steps {
    next: usize,
    in_a_row: usize,
}

impl Steps {
    pub(super) fn poll(&mut self, mut poll: impl FnMut(Step) -> Poll<Next>) -> Poll<Next> {
        const ORDER: [(Step, usize); 4] = [
            (Step::Message, 64),
            (Step::Request, 1),
            (Step::Write, 1),
            (Step::Read, 1),
        ];
        let begin = self.next;
        for (at, (step, most)) in ORDER
            .iter()
            .enumerate()
            .cycle()
            .skip(begin)
            .take(ORDER.len())
        {
            if let Poll::Ready(next) = poll(*step) {
                let again = if at == begin { self.in_a_row + 1 } else { 1 };
                (self.next, self.in_a_row) = if again < *most {
                    (at, again)
                } else {
                    ((at + 1) % ORDER.len(), 0)
                };
                return Poll::Ready(next);
            }
        }
        Poll::Pending
    }
}
