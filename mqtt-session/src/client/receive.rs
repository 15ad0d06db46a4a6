use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;
use mqtt_codec::packet::{Disconnect, Suback, Unsuback};
use mqtt_codec::reason_code::UnsubscribeReasonCode;
use mqtt_codec::{Packet, PacketId, PacketType, QoS, TextBuf, decode};

use super::subscribe::{Request, RequestKind};
use super::{Action, ClientSession, Disconnection, Event, State};
use crate::endpoint::{Link, Taken};
use crate::{CloseReason, Delivered, Instant, ProtocolError, Received};

impl ClientSession {
    /// Takes the packet at the front of `bytes`, if it is complete, and says how long it is.
    pub(super) fn next_packet(&mut self, now: Instant, bytes: &[u8]) -> Option<usize> {
        self.packet(now, bytes, None)
    }

    /// `source` is the buffer that the packet is in, if it has one of its own.
    pub(super) fn packet(
        &mut self,
        now: Instant,
        bytes: &[u8],
        source: Option<&Bytes>,
    ) -> Option<usize> {
        let limits = self.link()?.connection.limits();
        match decode(self.config.version, &limits, bytes) {
            Ok(None) => None,
            Ok(Some((packet, len))) => {
                if let Err(reason) = self.take(now, packet, source) {
                    self.close(now, reason);
                } else if self.endpoint.is_overrun() {
                    self.close(now, CloseReason::SlowPeer);
                }
                Some(len)
            }
            Err(error) => {
                self.close(now, CloseReason::Malformed(error));
                None
            }
        }
    }

    fn link(&mut self) -> Option<&mut Link> {
        match &mut self.state {
            State::Idle => None,
            State::Connecting { link, .. } => Some(link),
            State::Connected(online) => Some(&mut online.link),
        }
    }

    fn take(
        &mut self,
        now: Instant,
        packet: Packet<'_>,
        source: Option<&Bytes>,
    ) -> Result<(), CloseReason> {
        let link = match &mut self.state {
            State::Idle => return Ok(()),
            State::Connecting { link, .. } => &mut **link,
            State::Connected(online) => {
                online.ping.note_received(now);
                &mut online.link
            }
        };
        let before = self.endpoint.tx.len();
        let received = self
            .endpoint
            .receive(link, now, packet)
            .map_err(CloseReason::Protocol)?;
        let taken = self.endpoint.take(link, received, source);
        if self.endpoint.tx.len() > before {
            self.note_sent(now);
        }
        match taken {
            Taken::Nothing => {}
            Taken::Outcome(outcome) => self.notify(Event::Published(outcome)),
            Taken::Deliver(delivered) => self.deliver(delivered),
            Taken::Other(received) => self.other(now, received)?,
        }
        self.resend(now);
        Ok(())
    }

    fn deliver(&mut self, delivered: Delivered) {
        if delivered.message.qos == QoS::AtMostOnce
            && self.actions.len() >= self.config.waiting_actions
        {
            self.endpoint.count_dropped();
        } else {
            self.actions.push_back(Action::Deliver(delivered));
        }
    }

    fn other<T>(&mut self, now: Instant, received: Received<'_, T>) -> Result<(), CloseReason> {
        match received {
            Received::Connack(connack) => self.connack(now, &connack),
            Received::Suback(suback) => self.suback(&suback).map_err(CloseReason::Protocol),
            Received::Unsuback(unsuback) => self.unsuback(&unsuback).map_err(CloseReason::Protocol),
            Received::Auth(auth) => self.auth(&auth).map_err(CloseReason::Protocol),
            Received::Disconnect(disconnect) => Err(self.disconnected(&disconnect)),
            Received::Pingresp => {
                if let State::Connected(online) = &mut self.state {
                    online.ping.note_pingresp();
                }
                Ok(())
            }
            // The flows have done these, or a client does not receive them.
            Received::Publish { .. }
            | Received::Duplicate { .. }
            | Received::Settled { .. }
            | Received::PubrecReceived { .. }
            | Received::Completed { .. }
            | Received::Released { .. }
            | Received::Ignored { .. }
            | Received::Subscribe(_)
            | Received::Unsubscribe(_)
            | Received::Pingreq => Ok(()),
        }
    }

    /// Takes the request that is answered, with so many codes where the answer has any. One that the answer does not fit
    /// stays, without an answer.
    fn request(
        &mut self,
        kind: RequestKind,
        packet_id: PacketId,
        codes: Option<usize>,
    ) -> Result<Request, ProtocolError> {
        let packet_type = match kind {
            RequestKind::Subscribe => PacketType::Suback,
            RequestKind::Unsubscribe => PacketType::Unsuback,
        };
        let request = *self
            .requests
            .get(&packet_id)
            .filter(|request| request.kind == kind)
            .ok_or(ProtocolError::UnknownRequest {
                packet_type,
                packet_id,
            })?;
        let filters = request.filters;
        if let Some(codes) = codes.filter(|&codes| codes != filters) {
            return Err(ProtocolError::ReasonCodeCount { codes, filters });
        }
        self.requests.remove(&packet_id);
        self.endpoint.state.session.free_id(packet_id);
        Ok(request)
    }

    fn suback(&mut self, suback: &Suback<'_>) -> Result<(), ProtocolError> {
        let reason_codes: Vec<_> = suback.reason_codes.iter().collect();
        let codes = Some(reason_codes.len());
        let request = self.request(RequestKind::Subscribe, suback.packet_id, codes)?;
        self.notify(Event::Subscribed {
            token: request.token,
            reason_codes,
            reason_string: suback.properties.reason_string.map(TextBuf::from),
        });
        Ok(())
    }

    fn unsuback(&mut self, unsuback: &Unsuback<'_>) -> Result<(), ProtocolError> {
        let mut reason_codes: Vec<_> = unsuback.reason_codes.iter().collect();
        // In 3.x it has none.
        let codes = self.is_v5().then_some(reason_codes.len());
        let request = self.request(RequestKind::Unsubscribe, unsuback.packet_id, codes)?;
        if codes.is_none() {
            reason_codes = vec![UnsubscribeReasonCode::Success; request.filters];
        }
        self.notify(Event::Unsubscribed {
            token: request.token,
            reason_codes,
            reason_string: unsuback.properties.reason_string.map(TextBuf::from),
        });
        Ok(())
    }

    /// The server's last packet.
    fn disconnected(&mut self, disconnect: &Disconnect<'_>) -> CloseReason {
        let properties = &disconnect.properties;
        self.notify(Event::Disconnected(Box::new(Disconnection {
            reason: disconnect.reason_code,
            reason_string: properties.reason_string.map(TextBuf::from),
            server_reference: properties.server_reference.map(TextBuf::from),
            user_properties: properties.user_properties.into(),
        })));
        CloseReason::PeerDisconnected {
            reason: disconnect.reason_code,
        }
    }
}
