use alloc::boxed::Box;

use bytes::Bytes;
use mqtt_codec::packet::{Disconnect, Subscribe, Unsubscribe};
use mqtt_codec::{Packet, QoS, TextBuf, decode};

use super::answer::RequestKind;
use super::connect::Reading;
use super::{
    Action, Disconnection, Event, Online, RequestToken, ServerSession, State, SubscribeRequest,
    UnsubscribeRequest,
};
use crate::endpoint::Taken;
use crate::{CloseReason, Delivered, Instant, ProtocolError, Received, Role, check_disconnect};

impl ServerSession {
    /// Takes the packet at the front of `bytes`, if it is complete and wanted now, and says how long it is. `source` is the
    /// buffer that the packet is in, if it has one of its own.
    pub(super) fn packet(
        &mut self,
        now: Instant,
        bytes: &[u8],
        source: Option<&Bytes>,
    ) -> Option<usize> {
        let connection = match &self.state {
            State::Idle => return None,
            State::AwaitConnect { deadline } => return self.first_packet(bytes, *deadline),
            State::Deciding(deciding) => match deciding.reading {
                Reading::Paused => return None,
                Reading::Auth => &deciding.link.connection,
            },
            State::Connected(online) => &online.link.connection,
        };
        match decode(connection.version(), &connection.limits(), bytes) {
            Ok(None) => None,
            Ok(Some((packet, len))) => {
                let taken = match &self.state {
                    State::Deciding(_) => self.before_connack(packet),
                    State::Idle | State::AwaitConnect { .. } | State::Connected(_) => {
                        self.take(now, packet, source)
                    }
                };
                match taken {
                    Err(reason) => self.close(reason),
                    Ok(()) if self.endpoint.is_overrun() => self.close(CloseReason::SlowPeer),
                    Ok(()) => {}
                }
                Some(len)
            }
            Err(error) => {
                self.close(CloseReason::Malformed(error));
                None
            }
        }
    }

    /// AUTH, while the caller decides.
    fn before_connack(&mut self, packet: Packet<'_>) -> Result<(), CloseReason> {
        let packet_type = packet.packet_type();
        match packet {
            Packet::Auth(auth) => self.auth(&auth).map_err(CloseReason::Protocol),
            Packet::Disconnect(disconnect) => {
                check_disconnect(Role::Server, &disconnect).map_err(CloseReason::Protocol)?;
                Err(CloseReason::PeerDisconnected {
                    reason: disconnect.reason_code,
                })
            }
            Packet::Connect(_) => Err(CloseReason::Protocol(ProtocolError::SecondConnect)),
            Packet::Connack(_)
            | Packet::Publish(_)
            | Packet::Puback(_)
            | Packet::Pubrec(_)
            | Packet::Pubrel(_)
            | Packet::Pubcomp(_)
            | Packet::Subscribe(_)
            | Packet::Suback(_)
            | Packet::Unsubscribe(_)
            | Packet::Unsuback(_)
            | Packet::Pingreq
            | Packet::Pingresp => Err(CloseReason::Protocol(ProtocolError::UnexpectedPacket(
                packet_type,
            ))),
        }
    }

    fn take(
        &mut self,
        now: Instant,
        packet: Packet<'_>,
        source: Option<&Bytes>,
    ) -> Result<(), CloseReason> {
        let State::Connected(online) = &mut self.state else {
            return Ok(());
        };
        let Online {
            link, keep_alive, ..
        } = &mut **online;
        keep_alive.note_packet(now);
        if let Packet::Publish(publish) = &packet {
            let (qos, retain) = (publish.delivery.qos(), publish.retain);
            link.capabilities
                .check_publish(qos, retain)
                .map_err(CloseReason::Protocol)?;
        }
        let received = self
            .endpoint
            .receive(link, now, packet)
            .map_err(CloseReason::Protocol)?;
        match self.endpoint.take(link, received, source) {
            Taken::Nothing => {}
            Taken::Outcome(outcome) => self.notify(Event::Published(outcome)),
            Taken::Deliver(delivered) => self.deliver(delivered),
            Taken::Other(received) => self.other(received)?,
        }
        self.resend();
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

    fn other<T>(&mut self, received: Received<'_, T>) -> Result<(), CloseReason> {
        match received {
            Received::Subscribe(subscribe) => self.subscribe(&subscribe),
            Received::Unsubscribe(unsubscribe) => self.unsubscribe(&unsubscribe),
            Received::Auth(auth) => self.auth(&auth).map_err(CloseReason::Protocol),
            Received::Disconnect(disconnect) => Err(self.disconnected(&disconnect)),
            Received::Pingreq => {
                // [MQTT-3.12.4-1]
                if let State::Connected(online) = &self.state {
                    self.endpoint.put(&online.link.connection, Packet::Pingresp);
                }
                Ok(())
            }
            // The flows have done these, or a server does not receive them.
            Received::Publish { .. }
            | Received::Duplicate { .. }
            | Received::Settled { .. }
            | Received::PubrecReceived { .. }
            | Received::Completed { .. }
            | Received::Released { .. }
            | Received::Ignored { .. }
            | Received::Suback(_)
            | Received::Unsuback(_)
            | Received::Pingresp
            | Received::Connack(_) => Ok(()),
        }
    }

    fn subscribe(&mut self, subscribe: &Subscribe<'_>) -> Result<(), CloseReason> {
        let capabilities = &self.config.capabilities;
        capabilities
            .check_subscribe(subscribe)
            .map_err(CloseReason::Protocol)?;
        let subscriptions: alloc::vec::Vec<_> = subscribe
            .subscriptions
            .iter()
            .map(|it| (it.filter.into(), it.options))
            .collect();
        let token = self.request(
            RequestKind::Subscribe,
            subscribe.packet_id,
            subscriptions.len(),
        )?;
        self.notify(Event::Subscribe(Box::new(SubscribeRequest {
            token,
            subscriptions,
            identifier: subscribe.properties.subscription_identifier,
            user_properties: subscribe.properties.user_properties.into(),
        })));
        Ok(())
    }

    fn unsubscribe(&mut self, unsubscribe: &Unsubscribe<'_>) -> Result<(), CloseReason> {
        let filters: alloc::vec::Vec<_> = unsubscribe.filters.iter().map(Into::into).collect();
        let token: RequestToken = self.request(
            RequestKind::Unsubscribe,
            unsubscribe.packet_id,
            filters.len(),
        )?;
        let user_properties = unsubscribe.user_properties.into();
        self.notify(Event::Unsubscribe(Box::new(UnsubscribeRequest {
            token,
            filters,
            user_properties,
        })));
        Ok(())
    }

    /// The client's last packet.
    fn disconnected(&mut self, disconnect: &Disconnect<'_>) -> CloseReason {
        let session_expiry_interval = disconnect.properties.session_expiry_interval;
        if let State::Connected(online) = &self.state {
            if !online.may_change_expiry
                && session_expiry_interval.is_some_and(|interval| interval > 0)
            {
                return CloseReason::Protocol(ProtocolError::SessionExpiryRaised);
            }
        }
        self.notify(Event::Disconnected(Box::new(Disconnection {
            reason: disconnect.reason_code,
            session_expiry_interval,
            reason_string: disconnect.properties.reason_string.map(TextBuf::from),
            user_properties: disconnect.properties.user_properties.into(),
        })));
        CloseReason::PeerDisconnected {
            reason: disconnect.reason_code,
        }
    }
}
