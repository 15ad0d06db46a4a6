//! Both machines by one trait.

use mqtt_codec::packet::AcknowledgementProperties;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_session::client::{self, ClientSession};
use mqtt_session::server::{self, ServerSession};
use mqtt_session::{
    AcknowledgeError, Counters, Delivered, DeliveryToken, Instant, Message, PublishError,
    PublishToken, TxBuffer,
};

use super::Out;

/// What both machines have.
pub(crate) trait Machine {
    fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) -> usize;
    fn handle_written(&mut self, now: Instant, n: usize);
    fn handle_timeout(&mut self, now: Instant);
    fn handle_closed(&mut self, now: Instant);
    fn poll_timeout(&self) -> Option<Instant>;
    fn tx(&self) -> &TxBuffer;
    fn counters(&self) -> Counters;
    fn in_flight(&self) -> usize;
    fn send_quota(&self) -> u16;
    fn publish(&mut self, now: Instant, message: Message) -> Result<PublishToken, PublishError>;
    fn acknowledge(
        &mut self,
        now: Instant,
        token: DeliveryToken,
        reason: PublishReasonCode,
    ) -> Result<(), AcknowledgeError>;
    /// What outlives a restart of the program.
    fn encode_state(&self, out: &mut Vec<u8>);
    /// `None` for Transmit.
    fn poll(&mut self, tokens: &mut Vec<DeliveryToken>) -> Option<Option<Out>>;
}

impl Machine for ClientSession {
    fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) -> usize {
        self.handle_bytes(now, bytes)
    }
    fn handle_written(&mut self, now: Instant, n: usize) {
        self.handle_written(now, n);
    }
    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }
    fn handle_closed(&mut self, now: Instant) {
        self.handle_closed(now);
    }
    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }
    fn tx(&self) -> &TxBuffer {
        self.tx()
    }
    fn counters(&self) -> Counters {
        self.counters()
    }
    fn in_flight(&self) -> usize {
        self.in_flight()
    }
    fn send_quota(&self) -> u16 {
        self.send_quota()
    }
    fn publish(&mut self, now: Instant, message: Message) -> Result<PublishToken, PublishError> {
        self.publish(now, message)
    }
    fn acknowledge(
        &mut self,
        now: Instant,
        token: DeliveryToken,
        reason: PublishReasonCode,
    ) -> Result<(), AcknowledgeError> {
        self.acknowledge(now, token, reason)
    }
    fn encode_state(&self, out: &mut Vec<u8>) {
        self.encode_state(out);
    }
    fn poll(&mut self, tokens: &mut Vec<DeliveryToken>) -> Option<Option<Out>> {
        self.poll_action().map(|action| match action {
            client::Action::Transmit => None,
            client::Action::Deliver(delivered) => Some(delivered_out(delivered, tokens)),
            client::Action::Notify(event) => Some(Out::Client(event)),
            client::Action::Close(reason) => Some(Out::Close(reason)),
        })
    }
}

impl Machine for ServerSession {
    fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) -> usize {
        self.handle_bytes(now, bytes)
    }
    fn handle_written(&mut self, now: Instant, n: usize) {
        self.handle_written(now, n);
    }
    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }
    fn handle_closed(&mut self, now: Instant) {
        self.handle_closed(now);
    }
    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }
    fn tx(&self) -> &TxBuffer {
        self.tx()
    }
    fn counters(&self) -> Counters {
        self.counters()
    }
    fn in_flight(&self) -> usize {
        self.state().in_flight()
    }
    fn send_quota(&self) -> u16 {
        self.send_quota()
    }
    fn publish(&mut self, now: Instant, message: Message) -> Result<PublishToken, PublishError> {
        self.publish(now, message)
    }
    fn acknowledge(
        &mut self,
        now: Instant,
        token: DeliveryToken,
        reason: PublishReasonCode,
    ) -> Result<(), AcknowledgeError> {
        self.acknowledge(now, token, reason, &AcknowledgementProperties::default())
    }
    fn encode_state(&self, out: &mut Vec<u8>) {
        self.state().encode(out);
    }
    fn poll(&mut self, tokens: &mut Vec<DeliveryToken>) -> Option<Option<Out>> {
        self.poll_action().map(|action| match action {
            server::Action::Transmit => None,
            server::Action::Pause => Some(Out::Pause),
            server::Action::Resume => Some(Out::Resume),
            server::Action::Deliver(delivered) => Some(delivered_out(delivered, tokens)),
            server::Action::Notify(event) => Some(Out::Server(event)),
            server::Action::Close(reason) => Some(Out::Close(reason)),
        })
    }
}

fn delivered_out(delivered: Delivered, tokens: &mut Vec<DeliveryToken>) -> Out {
    let (topic, payload) = (delivered.message.topic, delivered.message.payload.to_vec());
    match delivered.token {
        Some(token) => {
            tokens.push(token);
            Out::DeliverManually(topic, payload)
        }
        None => Out::Deliver(topic, payload),
    }
}
