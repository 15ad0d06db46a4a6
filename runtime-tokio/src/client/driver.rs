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
use mqtt_session::{
    ClientSession, CloseReason, DeliveryToken, Instant, ProtocolError, PublishError,
};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Sleep, sleep_until, timeout};

use super::FAREWELL;
use super::command::{Publish, Request, Wanted};
use super::publishing::PublishFailed;
use super::steps::{Step, Steps};
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
    pub(super) wanted: Wanted,
    pub(super) waiting: Waiting,
    /// The handles want to leave, or are gone: until when what they said before is still sent.
    pub(super) leaving: Option<Instant>,
    /// Why we disconnected, if nobody asked for it.
    pub(super) fault: Option<CloseReason>,
    pub(super) acknowledgements: mpsc::UnboundedReceiver<DeliveryToken>,
    pub(super) streams: Streams,
    pub(super) waiters: Waiters,
    pub(super) handshake: Option<oneshot::Sender<Handshake>>,
    pub(super) end: watch::Sender<Option<CloseReason>>,
}

/// What the session could not take yet. Those of its kind that are behind it wait.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    message: Option<Publish>,
    request: Option<Request>,
}

/// How the server answered CONNECT.
#[derive(Debug)]
pub(super) enum Handshake {
    Connected(Box<Connected>),
    Refused(Box<Refusal>),
}

/// What happened.
pub(super) enum Next {
    Read,
    Written(usize),
    Timeout,
    Message(Publish),
    Request(Request),
    Leave,
    AllSaid,
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
                            let limit = self.streams.receive_maximum();
                            let error = ProtocolError::ReceiveMaximumExceeded { limit };
                            self.fault = Some(CloseReason::Protocol(error));
                            self.disconnect(DisconnectReasonCode::ReceiveMaximumExceeded);
                        }
                    }
                    Action::Notify(event) => self.notify(event),
                    Action::Close(reason) => return self.finish(reason).await,
                }
            }
            let timers = [self.session.poll_timeout(), self.leaving];
            let deadline = timers.into_iter().flatten().min();
            let next = self.next(&mut steps, sleep.as_mut(), deadline).await; // the one await: ready, then release
            let now = self.clock.now();
            match next {
                Next::Read => {
                    let used = self.session.handle_bytes(now, &self.rx);
                    self.rx.advance(used);
                }
                Next::Written(n) => self.session.handle_written(now, n),
                Next::Timeout => self.session.handle_timeout(now),
                Next::Message(message) => self.publish(now, message),
                Next::Request(request) => self.request(now, request),
                Next::Leave => self.leaving = Some(now + FAREWELL),
                Next::AllSaid => self.disconnect(DisconnectReasonCode::Success),
                // Of a connection that is gone there is nothing to acknowledge.
                Next::Acknowledge(token) => drop(self.session.acknowledge(
                    now,
                    token,
                    PublishReasonCode::Success,
                )),
                Next::Closed => self.session.handle_closed(now),
            }
            if let Some(message) = self.waiting.message.take() {
                self.publish(now, message);
            }
            if let Some(request) = self.waiting.request.take() {
                self.request(now, request);
            }
            if self.leaving.is_some_and(|until| until <= now) {
                self.disconnect(DisconnectReasonCode::Success);
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
            if self.leaving.is_none() && self.wanted.leave.poll_recv(cx).is_ready() {
                return Poll::Ready(Next::Leave);
            }
            let next = steps.poll(|step| match step {
                Step::Message => self.poll_message(cx),
                Step::Request => self.poll_request(cx),
                Step::Write if self.session.tx().is_empty() => Poll::Pending,
                Step::Write => self.poll_write(cx),
                Step::Read => self.poll_read(cx),
            });
            let all_said = self.leaving.is_some() && self.waiting.is_empty();
            if next.is_pending() && all_said {
                // Neither messages nor requests were there.
                return Poll::Ready(Next::AllSaid);
            }
            next
        })
        .await
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if self.waiting.message.is_some() || self.handshake.is_some() {
            return Poll::Pending;
        }
        match self.wanted.messages.poll_recv(cx) {
            Poll::Ready(Some(message)) => Poll::Ready(Next::Message(message)),
            // Of the end of the handles `leave` tells.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn poll_request(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if self.waiting.request.is_some() || self.handshake.is_some() {
            return Poll::Pending;
        }
        match self.wanted.requests.poll_recv(cx) {
            Poll::Ready(Some(request)) => Poll::Ready(Next::Request(request)),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
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

    /// Publishes a message, or lets it wait.
    fn publish(&mut self, now: Instant, Publish { message, answer }: Publish) {
        match self.session.publish(now, message.clone()) {
            Ok(token) if message.qos.bits() > 0 => self.waiters.await_published(token, answer),
            Ok(_) => drop(answer.send(Ok(()))),
            Err(error) if is_transient(&error) => {
                self.waiting.message = Some(Publish { message, answer });
            }
            Err(error) => drop(answer.send(Err(PublishFailed::NotSent(error)))),
        }
    }

    /// Sends a request, or lets it wait.
    fn request(&mut self, now: Instant, request: Request) {
        match request {
            Request::Subscribe {
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
                        self.waiting.request = Some(Request::Subscribe {
                            filter,
                            options,
                            stream,
                            answer,
                        });
                    }
                    Err(error) => drop(answer.send(Err(SubscribeFailed::NotSent(error)))),
                }
            }
            Request::Unsubscribe { filter, answer } => {
                match self
                    .session
                    .unsubscribe(now, &[filter.borrowed()], UserProperties::EMPTY)
                {
                    Ok(token) => self.waiters.await_unsubscribed(token, filter, answer),
                    Err(error) if is_transient_request(error) => {
                        self.waiting.request = Some(Request::Unsubscribe { filter, answer });
                    }
                    Err(error) => drop(answer.send(Err(RequestFailed::NotSent(error)))),
                }
            }
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
                    | Next::Message(_)
                    | Next::Request(_)
                    | Next::Leave
                    | Next::AllSaid
                    | Next::Acknowledge(_)
                    | Next::Closed => return,
                }
            }
            let _ = self.stream.shutdown().await;
        };
        let _ = timeout(FAREWELL, rest).await;
        let reason = if reason == CloseReason::Requested {
            self.fault.unwrap_or(reason)
        } else {
            reason
        };
        self.end.send_replace(Some(reason));
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.message.is_none() && self.request.is_none()
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

/// How many slices one system call is given.
const SEGMENTS: usize = 64;

/// Room for one read, at least.
const READ: usize = 16 * 1024;
