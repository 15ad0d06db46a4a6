use mqtt_codec::packet::{
    AcknowledgementProperties, Suback, SubscribeReasonCodes, Unsuback, UnsubscribeReasonCodes,
};
use mqtt_codec::reason_code::{DisconnectReasonCode, SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{Packet, PacketId};

use super::{RequestToken, ServerSession, State};
use crate::{CloseReason, Connection, Instant};

/// A SUBSCRIBE or UNSUBSCRIBE that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    packet_id: PacketId,
    kind: RequestKind,
    filters: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestKind {
    Subscribe,
    Unsubscribe,
}

/// Why SUBACK or UNSUBACK was not sent. Nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// No such request waits: it was answered, or its connection is gone, or it is of the other kind.
    #[error("no such request waits for an answer")]
    UnknownRequest,
    /// There is one code for each Topic Filter [MQTT-3.8.4-6].
    #[error("{codes} reason codes for {filters} Topic Filters")]
    ReasonCodeCount {
        /// How many were given.
        codes: usize,
        /// How many were asked for.
        filters: usize,
    },
    /// The packet is larger than the client takes, even without what may be left out.
    #[error("the packet is larger than the client takes")]
    TooLarge,
}

impl ServerSession {
    /// Answers [`Event::Subscribe`](super::Event::Subscribe): one code for each Topic Filter, in their order
    /// [MQTT-3.8.4-6] [MQTT-3.9.3-1].
    ///
    /// 3.1.1 has one code for all failures; 3.1 has none, and there a failure goes out as a grant of QoS 0.
    ///
    /// # Errors
    ///
    /// [`AnswerError`].
    pub fn suback(
        &mut self,
        _now: Instant,
        token: RequestToken,
        reason_codes: &[SubscribeReasonCode],
        properties: AcknowledgementProperties<'_>,
    ) -> Result<(), AnswerError> {
        let (connection, request) =
            self.waiting(token, RequestKind::Subscribe, reason_codes.len())?;
        let version = connection.version();
        let reason_codes =
            SubscribeReasonCodes::new(reason_codes).ok_or(AnswerError::UnknownRequest)?;
        let suback = Suback {
            packet_id: request.packet_id,
            properties,
            reason_codes,
        };
        let packet = connection
            .trim(Packet::Suback(suback))
            .ok_or(AnswerError::TooLarge)?;
        self.endpoint.tx_mut().put(version, &packet);
        self.requests.remove(&token);
        Ok(())
    }

    /// Answers [`Event::Unsubscribe`](super::Event::Unsubscribe): one code for each Topic Filter, in their order
    /// [MQTT-3.11.3-1]; in 3.x none is sent.
    ///
    /// # Errors
    ///
    /// [`AnswerError`].
    pub fn unsuback(
        &mut self,
        _now: Instant,
        token: RequestToken,
        reason_codes: &[UnsubscribeReasonCode],
        properties: AcknowledgementProperties<'_>,
    ) -> Result<(), AnswerError> {
        let (connection, request) =
            self.waiting(token, RequestKind::Unsubscribe, reason_codes.len())?;
        let version = connection.version();
        let reason_codes =
            UnsubscribeReasonCodes::new(reason_codes).ok_or(AnswerError::UnknownRequest)?;
        let unsuback = Unsuback {
            packet_id: request.packet_id,
            properties,
            reason_codes,
        };
        let packet = connection
            .trim(Packet::Unsuback(unsuback))
            .ok_or(AnswerError::TooLarge)?;
        self.endpoint.tx_mut().put(version, &packet);
        self.requests.remove(&token);
        Ok(())
    }

    fn waiting(
        &self,
        token: RequestToken,
        kind: RequestKind,
        codes: usize,
    ) -> Result<(&Connection, Request), AnswerError> {
        let State::Connected(online) = &self.state else {
            return Err(AnswerError::UnknownRequest);
        };
        let request = *self
            .requests
            .get(&token)
            .ok_or(AnswerError::UnknownRequest)?;
        if request.kind != kind {
            return Err(AnswerError::UnknownRequest);
        }
        if request.filters != codes {
            return Err(AnswerError::ReasonCodeCount {
                codes,
                filters: request.filters,
            });
        }
        Ok((&online.link.connection, request))
    }

    /// A request came; it waits for its answer.
    pub(super) fn request(
        &mut self,
        kind: RequestKind,
        packet_id: PacketId,
        filters: usize,
    ) -> Result<RequestToken, CloseReason> {
        if self.requests.len() >= self.config.requests {
            return Err(CloseReason::Disconnected {
                reason: DisconnectReasonCode::QuotaExceeded,
            });
        }
        let token = RequestToken(self.next_request);
        self.next_request += 1;
        self.requests.insert(
            token,
            Request {
                packet_id,
                kind,
                filters,
            },
        );
        Ok(token)
    }
}
