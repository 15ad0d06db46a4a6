//! The task of a connection.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use std::io::IoSlice;

use bytes::{Buf, BytesMut};
use mqtt_codec::packet::{Disconnect, DisconnectProperties, SubscribeProperties, Subscription};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{DisconnectReasonCode, PublishReasonCode};
use mqtt_session::client::{Action, Connected, Event, Refusal, RequestError, SubscribeError};
use mqtt_session::{ClientSession, CloseReason, DeliveryToken, Instant, PublishError};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Sleep, sleep_until, timeout};

use super::FAREWELL;
use super::command::Command;
use super::publishing::PublishFailed;
use super::streams::{Delivery, Streams};
use super::subscription::{RequestFailed, SubscribeFailed};
use super::waiters::Waiters;
use crate::clock::Clock;

/// A session with its socket and its handles.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) session: ClientSession,
    pub(super) stream: TcpStream,
    pub(super) rx: BytesMut,
    pub(super) clock: Clock,
    pub(super) commands: mpsc::Receiver<Command>,
    /// A command that the session could not take yet. Those behind it wait.
    pub(super) waiting: Option<Command>,
    pub(super) acknowledgements: mpsc::UnboundedReceiver<DeliveryToken>,
    pub(super) streams: Streams,
    pub(super) waiters: Waiters,
    pub(super) handshake: Option<oneshot::Sender<Handshake>>,
    pub(super) end: watch::Sender<Option<CloseReason>>,
}

/// How the server answered CONNECT.
#[derive(Debug)]
pub(super) enum Handshake {
    Connected(Box<Connected>),
    Refused(Box<Refusal>),
}

/// What happened.
enum Next {
    Read,
    Written(usize),
    Timeout,
    Command(Option<Command>),
    Acknowledge(DeliveryToken),
    Closed,
}

impl Driver {
    pub(super) async fn run(mut self) {
        let mut steps = Steps::default();
        let mut sleep = Box::pin(sleep_until(self.clock.deadline(self.clock.now())));
        self.session.handle_connected(self.clock.now());
        loop {
            while let Some(action) = self.session.poll_action() {
                match action {
                    Action::Transmit => {} // `tx` is written below
                    Action::Deliver(delivered) => {
                        if self.streams.deliver(delivered) == Delivery::NoRoom {
                            self.disconnect(DisconnectReasonCode::ReceiveMaximumExceeded);
                        }
                    }
                    Action::Notify(event) => self.notify(event),
                    Action::Close(reason) => return self.finish(reason).await,
                }
            }
            let deadline = self.session.poll_timeout();
            let next = self.next(&mut steps, sleep.as_mut(), deadline).await; // the one await: ready, then release
            let now = self.clock.now();
            match next {
                Next::Read => {
                    let used = self.session.handle_bytes(now, &self.rx);
                    self.rx.advance(used);
                }
                Next::Written(n) => self.session.handle_written(now, n),
                Next::Timeout => self.session.handle_timeout(now),
                Next::Command(Some(command)) => self.apply(now, command),
                // The last handle is gone.
                Next::Command(None) => self.disconnect(DisconnectReasonCode::Success),
                // Of a connection that is gone there is nothing to acknowledge.
                Next::Acknowledge(token) => drop(self.session.acknowledge(
                    now,
                    token,
                    PublishReasonCode::Success,
                )),
                Next::Closed => self.session.handle_closed(now),
            }
            if let Some(command) = self.waiting.take() {
                self.apply(now, command);
            }
        }
    }

    async fn next(
        &mut self,
        steps: &mut Steps,
        mut sleep: Pin<&mut Sleep>,
        deadline: Option<Instant>,
    ) -> Next {
        if let Some(deadline) = deadline.map(|deadline| self.clock.deadline(deadline)) {
            if sleep.deadline() != deadline {
                sleep.as_mut().reset(deadline);
            }
        }
        poll_fn(|cx| {
            if deadline.is_some() && sleep.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Next::Timeout);
            }
            if let Poll::Ready(Some(token)) = self.acknowledgements.poll_recv(cx) {
                return Poll::Ready(Next::Acknowledge(token));
            }
            steps.poll(|step| match step {
                Step::Command if self.waiting.is_some() || self.handshake.is_some() => {
                    Poll::Pending
                }
                Step::Command => self.commands.poll_recv(cx).map(Next::Command),
                Step::Write if self.session.tx().is_empty() => Poll::Pending,
                Step::Write => self.poll_write(cx),
                Step::Read => self.poll_read(cx),
            })
        })
        .await
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        self.rx.reserve(READ);
        pin!(self.stream.read_buf(&mut self.rx))
            .poll(cx)
            .map(|read| match read {
                Ok(0) | Err(_) => Next::Closed,
                Ok(_) => Next::Read,
            })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        let mut slices = [IoSlice::new(&[]); SEGMENTS];
        let mut count = 0;
        for (slice, segment) in slices.iter_mut().zip(self.session.tx().segments()) {
            *slice = IoSlice::new(segment);
            count += 1;
        }
        let slices = slices.get(..count).unwrap_or_default();
        Pin::new(&mut self.stream)
            .poll_write_vectored(cx, slices)
            .map(|written| match written {
                Ok(0) | Err(_) => Next::Closed,
                Ok(n) => Next::Written(n),
            })
    }

    fn notify(&mut self, event: Event) {
        match event {
            Event::Connected(connected) => self.shake_hands(Handshake::Connected(connected)),
            Event::Refused(refusal) => self.shake_hands(Handshake::Refused(refusal)),
            Event::Published(outcome) => self.waiters.published(outcome),
            Event::Subscribed {
                token,
                reason_codes,
                ..
            } => {
                self.waiters
                    .subscribed(token, &reason_codes, &mut self.streams);
            }
            Event::Unsubscribed {
                token,
                reason_codes,
                ..
            } => {
                self.waiters
                    .unsubscribed(token, &reason_codes, &mut self.streams);
            }
            // `Close` follows, and with it they learn of it.
            Event::Unanswered { .. } | Event::Disconnected(_) => {}
            // It was not asked for.
            Event::Authenticate { .. } | Event::Reauthenticated { .. } => {}
        }
    }

    fn shake_hands(&mut self, handshake: Handshake) {
        if let Some(sender) = self.handshake.take() {
            // Who connects may have given up: then the last handle is gone.
            let _ = sender.send(handshake);
        }
    }

    /// Carries out a command, or lets it wait.
    fn apply(&mut self, now: Instant, command: Command) {
        match command {
            Command::Publish { message, answer } => {
                match self.session.publish(now, message.clone()) {
                    Ok(token) if message.qos.bits() > 0 => {
                        self.waiters.await_published(token, answer)
                    }
                    Ok(_) => drop(answer.send(Ok(()))),
                    Err(error) if is_transient(&error) => {
                        self.waiting = Some(Command::Publish { message, answer })
                    }
                    Err(error) => drop(answer.send(Err(PublishFailed::NotSent(error)))),
                }
            }
            Command::Subscribe {
                filter,
                options,
                stream,
                answer,
            } => {
                let subscription = Subscription {
                    filter: filter.borrowed(),
                    options,
                };
                match self
                    .session
                    .subscribe(now, &[subscription], SubscribeProperties::default())
                {
                    Ok(token) => {
                        self.streams.add(token, filter, stream);
                        self.waiters.await_subscribed(token, answer);
                    }
                    Err(SubscribeError::Request(error)) if is_transient_request(error) => {
                        self.waiting = Some(Command::Subscribe {
                            filter,
                            options,
                            stream,
                            answer,
                        });
                    }
                    Err(error) => drop(answer.send(Err(SubscribeFailed::NotSent(error)))),
                }
            }
            Command::Unsubscribe { filter, answer } => {
                match self
                    .session
                    .unsubscribe(now, &[filter.borrowed()], UserProperties::EMPTY)
                {
                    Ok(token) => self.waiters.await_unsubscribed(token, filter, answer),
                    Err(error) if is_transient_request(error) => {
                        self.waiting = Some(Command::Unsubscribe { filter, answer });
                    }
                    Err(error) => drop(answer.send(Err(RequestFailed::NotSent(error)))),
                }
            }
            Command::Disconnect => self.disconnect(DisconnectReasonCode::Success),
        }
    }

    fn disconnect(&mut self, reason_code: DisconnectReasonCode) {
        let now = self.clock.now();
        let disconnect = Disconnect {
            reason_code,
            properties: DisconnectProperties::default(),
        };
        if self.session.disconnect(now, disconnect).is_err() {
            self.session.handle_closed(now);
        }
    }

    /// Writes what is left and closes the connection. All who wait learn that it ended.
    async fn finish(mut self, reason: CloseReason) {
        let rest = async {
            while !self.session.tx().is_empty() {
                match poll_fn(|cx| self.poll_write(cx)).await {
                    Next::Written(n) => self.session.handle_written(self.clock.now(), n),
                    Next::Read
                    | Next::Timeout
                    | Next::Command(_)
                    | Next::Acknowledge(_)
                    | Next::Closed => return,
                }
            }
            let _ = self.stream.shutdown().await;
        };
        let _ = timeout(FAREWELL, rest).await;
        self.end.send_replace(Some(reason));
    }
}

/// Whether the session takes the message when it has made progress.
fn is_transient(error: &PublishError) -> bool {
    matches!(
        error,
        PublishError::QuotaExhausted { .. }
            | PublishError::Resuming
            | PublishError::NoPacketId
            | PublishError::SendBufferFull { .. }
    )
}

fn is_transient_request(error: RequestError) -> bool {
    matches!(
        error,
        RequestError::TooManyRequests { .. }
            | RequestError::SendBufferFull { .. }
            | RequestError::NoPacketId
    )
}

/// What a connection can go on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Command,
    Write,
    Read,
}

/// Whose turn it is, so that none of them keeps the others from theirs. Commands have several in a row, and are then
/// written together.
#[derive(Debug, Default)]
struct Steps {
    next: usize,
    in_a_row: usize,
}

impl Steps {
    fn poll(&mut self, mut poll: impl FnMut(Step) -> Poll<Next>) -> Poll<Next> {
        const ORDER: [(Step, usize); 3] = [(Step::Command, 64), (Step::Write, 1), (Step::Read, 1)];
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

/// How many slices one system call is given.
const SEGMENTS: usize = 64;

/// Room for one read, at least.
const READ: usize = 16 * 1024;
