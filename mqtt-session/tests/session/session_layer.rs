//! The lower layer by itself, `Session` and `Connection`: what it holds back, gives back, and says.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{AcknowledgementProperties, Puback, Pubrec};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{Packet, PacketType, Text, Version};
use mqtt_session::{
    AcknowledgedQoS, ChunkPool, Connection, Instant, Known, Negotiated, ProtocolError, Role,
    Session, Tx, TxBuffer,
};

const V5: Version = Version::V5_0;
const ONCE: AcknowledgedQoS = AcknowledgedQoS::AtLeastOnce;
const TWICE: AcknowledgedQoS = AcknowledgedQoS::ExactlyOnce;
const SUCCESS: PublishReasonCode = PublishReasonCode::Success;

/// Those of both orders, until they leave; PUBCOMPs are no part of an order.
#[test]
fn a_connection_says_how_many_acknowledgements_it_holds_back() {
    for version in VERSIONS {
        let mut layer = Layer::new(version);
        for (packet, qos, n, held) in [
            (qos1(1, "a", "x"), ONCE, 1, 1),
            (qos1(2, "a", "x"), ONCE, 2, 2),
            (qos2(3, "a", "x"), TWICE, 3, 3),
        ] {
            layer.receive(packet);
            layer.session.hold(&mut layer.connection, qos, id(n));
            assert_eq!(layer.connection.held(), held);
        }
        for (qos, n, held) in [(ONCE, 2, 3), (TWICE, 3, 2), (ONCE, 1, 0)] {
            layer.acknowledge(qos, n);
            assert_eq!(layer.connection.held(), held);
        }
        layer.receive(pubrel(3));
        assert_eq!(layer.connection.held(), 0);
        let mut expected = encode(version, &pubrec(3).into());
        for n in [1, 2] {
            expected.extend(encode(version, &puback(n).into()));
        }
        assert_eq!(layer.written(), expected);
    }
}

/// An identifier that is given back is free again; until then it is nobody else's.
#[test]
fn an_identifier_is_free_when_it_is_given_back() {
    let mut session = Session::<()>::new();
    while session.take_id().is_some() {}
    assert_eq!(session.take_id(), None);
    session.free_id(id(7));
    assert_eq!(session.take_id(), Some(id(7)));
    assert_eq!(session.take_id(), None);
}

/// Success with a Reason String or with User Properties is said with them, also when it is not held back.
#[test]
fn a_success_is_said_with_its_explanations() {
    let pairs = [(Text::new("name").unwrap(), Text::new("value").unwrap())];
    let (reason_string, user_properties) = (Text::new("why").ok(), UserProperties::new(&pairs));
    for (reason_string, user_properties) in [
        (None, UserProperties::EMPTY),
        (reason_string, UserProperties::EMPTY),
        (None, user_properties),
        (reason_string, user_properties),
    ] {
        let properties = AcknowledgementProperties {
            reason_string,
            user_properties,
        };
        for (publish, qos, acknowledgement) in [
            (
                qos1(1, "a", "x"),
                ONCE,
                Packet::from(Puback {
                    properties,
                    ..puback(1)
                }),
            ),
            (
                qos2(1, "a", "x"),
                TWICE,
                Packet::from(Pubrec {
                    properties,
                    ..pubrec(1)
                }),
            ),
        ] {
            let mut layer = Layer::new(V5);
            layer.receive(publish);
            let mut tx = Tx {
                buffer: &mut layer.buffer,
                pool: &mut layer.pool,
            };
            layer.session.acknowledge_with(
                &mut layer.connection,
                qos,
                id(1),
                SUCCESS,
                &properties,
                &mut tx,
            );
            assert_eq!(layer.written(), encode(V5, &acknowledgement));
        }
    }
}

/// [often-wrong-23] In 5.0 an answer to what is not known says so; 3.x has the same four bytes for both.
#[test]
fn what_is_not_known_is_said_where_it_can_be() {
    for version in VERSIONS {
        let not_found = if version == V5 { &[0x92][..] } else { &[] };
        let len = 2 + u8::try_from(not_found.len()).unwrap();
        let mut layer = Layer::new(version);
        let mut tx = Tx {
            buffer: &mut layer.buffer,
            pool: &mut layer.pool,
        };
        let connection = &mut layer.connection;
        layer
            .session
            .complete(connection, id(1), Known::No, &mut tx);
        layer
            .session
            .complete(connection, id(1), Known::Yes, &mut tx);
        layer.session.release(connection, id(1), &mut tx);
        let expected = [
            &[0x70, len, 0, 1],
            not_found,
            &[0x70, 2, 0, 1],
            &[0x62, len, 0, 1],
            not_found,
        ];
        assert_eq!(layer.written(), expected.concat());
    }
}

/// PUBREL answers a PUBREC: it comes when the first one has left. One that waits for its answer,
/// for another's, or on a connection that is no more, has not.
#[test]
fn a_pubrel_comes_behind_its_pubrec() {
    let wrong = |packet_id| {
        Err(ProtocolError::WrongAcknowledgement {
            packet_type: PacketType::Pubrel,
            packet_id: id(packet_id),
        })
    };
    for version in VERSIONS {
        let mut layer = Layer::new(version);
        layer.receive(qos2(1, "a", "x"));
        assert_eq!(layer.try_receive(pubrel(1)), wrong(1));
        layer.session.hold(&mut layer.connection, TWICE, id(1));
        assert_eq!(layer.try_receive(pubrel(1)), wrong(1));
        layer.receive(qos2(2, "a", "x"));
        layer.acknowledge(TWICE, 2);
        assert_eq!(layer.try_receive(pubrel(2)), wrong(2));

        layer.session.disconnected();
        layer.connection = Layer::new(version).connection;
        assert_eq!(layer.try_receive(pubrel(2)), wrong(2));
        layer.receive(again(qos2(1, "a", "x")));
        layer.acknowledge(TWICE, 1);
        layer.receive(again(qos2(2, "a", "x")));
        layer.session.hold(&mut layer.connection, TWICE, id(2));
        layer.receive(again(qos2(1, "a", "x")));
        layer.acknowledge(TWICE, 1);
        assert_eq!(layer.connection.held(), 2);
        assert_eq!(layer.try_receive(pubrel(1)), Ok(()));
        assert_eq!(layer.try_receive(pubrel(2)), wrong(2));
        layer.acknowledge(TWICE, 2);
        assert_eq!(layer.try_receive(pubrel(2)), Ok(()));
    }
}

/// The identifier of a message that was refused means a new one at once: the refusal leaves later, and is not its PUBREC. Neither
/// is the PUBACK of a QoS 1 message under that identifier.
#[test]
fn an_answer_to_another_message_is_no_pubrec() {
    let mut layer = Layer::new(V5);
    layer.receive(qos2(1, "a", "first"));
    layer.session.hold(&mut layer.connection, TWICE, id(1));
    layer.receive(qos2(2, "a", "refused"));
    layer.answer(TWICE, 2, PublishReasonCode::QuotaExceeded);
    layer.receive(qos2(2, "a", "new"));
    layer.session.hold(&mut layer.connection, TWICE, id(2));
    // The first PUBREC leaves, and the refusal behind it.
    layer.acknowledge(TWICE, 1);
    assert_eq!(layer.connection.held(), 1);
    layer.receive(qos1(2, "a", "another"));
    layer.acknowledge(ONCE, 2);
    let wrong = ProtocolError::WrongAcknowledgement {
        packet_type: PacketType::Pubrel,
        packet_id: id(2),
    };
    assert_eq!(layer.try_receive(pubrel(2)), Err(wrong));
    layer.acknowledge(TWICE, 2);
    assert_eq!(layer.try_receive(pubrel(2)), Ok(()));
}

/// A message that was refused takes no place in the window, but its PUBREC may wait for another's: there are at most as many as
/// identifiers.
#[test]
fn refusals_that_wait_are_limited() {
    let mut layer = Layer::new(V5);
    layer.receive(qos2(2, "a", "x"));
    layer.session.hold(&mut layer.connection, TWICE, id(2));
    for _ in 1..u16::MAX {
        layer.receive(qos2(1, "a", "x"));
        layer.answer(TWICE, 1, PublishReasonCode::QuotaExceeded);
    }
    let over = ProtocolError::ReceiveMaximumExceeded { limit: u16::MAX };
    assert_eq!(layer.try_receive(qos2(1, "a", "x")), Err(over));
    assert_eq!(layer.try_receive(qos1(1, "a", "x")), Ok(()));
}

/// A server's end of a connection, with its session and its send buffer.
struct Layer {
    session: Session<()>,
    connection: Connection,
    buffer: TxBuffer,
    pool: ChunkPool,
}

impl Layer {
    fn new(version: Version) -> Self {
        Self {
            session: Session::new(),
            connection: Connection::new(Negotiated::new(version, Role::Server)),
            buffer: TxBuffer::new(),
            pool: ChunkPool::default(),
        }
    }

    fn receive<'a>(&mut self, packet: impl Into<Packet<'a>>) {
        self.try_receive(packet).unwrap();
    }

    fn try_receive<'a>(&mut self, packet: impl Into<Packet<'a>>) -> Result<(), ProtocolError> {
        self.session
            .receive(&mut self.connection, Instant::default(), packet.into())
            .map(|_| ())
    }

    fn acknowledge(&mut self, qos: AcknowledgedQoS, n: u16) {
        self.answer(qos, n, SUCCESS);
    }

    fn answer(&mut self, qos: AcknowledgedQoS, n: u16, reason: PublishReasonCode) {
        let mut tx = Tx {
            buffer: &mut self.buffer,
            pool: &mut self.pool,
        };
        self.session
            .acknowledge(&mut self.connection, qos, id(n), reason, &mut tx);
    }

    fn written(&self) -> Vec<u8> {
        self.buffer.segments().flatten().copied().collect()
    }
}
