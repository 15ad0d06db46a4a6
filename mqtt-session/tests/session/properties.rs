//! What holds for every input.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU16;
use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{ConnackProperties, Connect, ConnectProperties, PublishTopic};
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::client::Config as ClientConfig;
use mqtt_session::server::Config as ServerConfig;
use mqtt_session::{Acknowledgement, SessionState};
use proptest::prelude::*;

const LIMIT: usize = 500;
const WINDOW: u16 = 5;

/// Something that happens to a machine.
#[derive(Clone, Debug)]
enum Step {
    /// A packet of the peer's, by its kind and identifier.
    Packet(u8, u16),
    /// Any bytes.
    Bytes(Vec<u8>),
    Publish(u8),
    /// The application acknowledges one of the messages that it has.
    Acknowledge(usize),
    Written(usize),
    /// Milliseconds pass and the timer fires.
    Time(u32),
    Lost,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..18u8, 1..8u16).prop_map(|(kind, id)| Step::Packet(kind, id)),
        1 => prop::collection::vec(any::<u8>(), 0..12).prop_map(Step::Bytes),
        6 => (0..3u8).prop_map(Step::Publish),
        4 => (0..8usize).prop_map(Step::Acknowledge),
        4 => (0..100usize).prop_map(Step::Written),
        3 => (0..40_000u32).prop_map(Step::Time),
        1 => Just(Step::Lost),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..60)
}

fn packet(version: Version, kind: u8, packet_id: u16) -> Vec<u8> {
    let subscriptions = [subscription("a", QoS::AtMostOnce)];
    let packet: Packet<'_> = match kind {
        0 => qos0("a", "x").into(),
        1 | 2 => qos1(packet_id, "a", "x").into(),
        3 | 4 => qos2(packet_id, "a", "x").into(),
        5 => again(qos2(packet_id, "a", "x")).into(),
        6 | 7 => puback(packet_id).into(),
        8 | 9 => pubrec(packet_id).into(),
        10 | 11 => pubrel(packet_id).into(),
        12 | 13 => pubcomp(packet_id).into(),
        14 => Packet::Pingresp,
        15 => Packet::Pingreq,
        16 => mqtt_codec::packet::Publish {
            topic: PublishTopic::Both(topic("b"), alias(packet_id)),
            ..qos0("b", "x")
        }
        .into(),
        _ => subscribe(packet_id, &subscriptions).into(),
    };
    encode(version, &packet)
}

/// What can be done with both sides.
trait Tested: Sized {
    type Machine: Machine;
    fn side(&mut self) -> &mut Side<Self::Machine>;
    fn acknowledge(&mut self, n: usize);
    fn reconnect(&mut self) -> Vec<Out>;
    fn state(&self) -> Vec<u8>;
}

impl Tested for Client {
    type Machine = mqtt_session::ClientSession;
    fn side(&mut self) -> &mut Side<Self::Machine> {
        self
    }
    fn acknowledge(&mut self, n: usize) {
        if n < self.tokens.len() {
            let token = self.tokens.remove(n);
            let _ = self.machine.acknowledge(
                self.now,
                token,
                mqtt_codec::reason_code::PublishReasonCode::Success,
            );
        }
    }
    fn reconnect(&mut self) -> Vec<Out> {
        let mut outs = self.connect();
        let properties = ConnackProperties {
            receive_maximum: NonZeroU16::new(WINDOW),
            ..ConnackProperties::default()
        };
        let session_present = self.version != Version::V3_1;
        outs.extend(self.receive(mqtt_codec::packet::Connack {
            session_present,
            ..connack(properties)
        }));
        outs
    }
    fn state(&self) -> Vec<u8> {
        let mut state = Vec::new();
        self.machine.encode_state(&mut state);
        state
    }
}

impl Tested for Server {
    type Machine = mqtt_session::ServerSession;
    fn side(&mut self) -> &mut Side<Self::Machine> {
        self
    }
    fn acknowledge(&mut self, n: usize) {
        if n < self.tokens.len() {
            let (token, reason) = (
                self.tokens.remove(n),
                mqtt_codec::reason_code::PublishReasonCode::QuotaExceeded,
            );
            let _ = self
                .machine
                .acknowledge(self.now, token, reason, &Default::default());
        }
    }
    fn reconnect(&mut self) -> Vec<Out> {
        Side::<mqtt_session::ServerSession>::reconnect(self, &offered(self.version))
    }
    fn state(&self) -> Vec<u8> {
        let mut state = Vec::new();
        self.machine.state().encode(&mut state);
        state
    }
}

fn offered(version: Version) -> Connect<'static> {
    let properties = ConnectProperties {
        receive_maximum: NonZeroU16::new(WINDOW),
        session_expiry_interval: Some(60),
        ..ConnectProperties::default()
    };
    Connect {
        clean_start: false,
        properties,
        ..connect(version)
    }
}

fn client(version: Version) -> Client {
    let mut client = Client::new(ClientConfig {
        acknowledgement: Acknowledgement::Manual,
        receive_maximum: NonZeroU16::new(WINDOW).unwrap(),
        unknown_session: mqtt_session::client::UnknownSession::Adopt,
        clean_start: mqtt_session::client::CleanStart::Never,
        send_buffer: LIMIT,
        ..lasting(version)
    });
    Tested::reconnect(&mut client);
    client
}

fn server(version: Version) -> Server {
    let config = ServerConfig {
        acknowledgement: Acknowledgement::Manual,
        receive_maximum: NonZeroU16::new(WINDOW).unwrap(),
        send_buffer: LIMIT,
        ..ServerConfig::default()
    };
    let mut server = Server::new(config, version);
    Tested::reconnect(&mut server);
    server
}

/// Runs the steps; packets come in pieces of `cut` bytes. Returns all that comes out.
fn run(tested: &mut impl Tested, steps: &[Step], cut: usize) -> (Vec<Out>, Vec<u8>) {
    let mut outs = Vec::new();
    let mut sent = Vec::new();
    for step in steps {
        let side = tested.side();
        match step {
            Step::Packet(kind, packet_id) => {
                feed(side, &packet(side.version, *kind, *packet_id), cut)
            }
            Step::Bytes(bytes) => feed(side, bytes, cut),
            Step::Publish(qos) => {
                let _ = side
                    .machine
                    .publish(side.now, message(QoS::from_bits(*qos).unwrap(), "a", "x"));
            }
            Step::Acknowledge(n) => tested.acknowledge(*n),
            Step::Written(n) => {
                let n = (*n).min(side.machine.tx().len());
                sent.extend(side.machine.tx().segments().flatten().copied().take(n));
                side.machine.handle_written(side.now, n);
            }
            Step::Time(millis) => {
                side.now = side.now + Duration::from_millis((*millis).into());
                side.machine.handle_timeout(side.now);
                // No caller spins.
                assert!(
                    side.machine
                        .poll_timeout()
                        .is_none_or(|deadline| deadline > side.now)
                );
            }
            Step::Lost => side.machine.handle_closed(side.now),
        }
        let side = tested.side();
        let mut is_closed = false;
        while let Some(action) = side.machine.poll(&mut side.tokens) {
            assert!(!is_closed, "something follows Close");
            is_closed = matches!(action, Some(Out::Close(_)));
            outs.extend(action);
        }
        assert!(
            side.machine.tx().len() <= 2 * LIMIT + 100,
            "the send buffer passes its limit"
        );
        if is_closed {
            sent.extend(side.machine.tx().segments().flatten());
            let len = side.machine.tx().len();
            side.machine.handle_written(side.now, len);
            outs.extend(tested.reconnect());
        }
    }
    sent.extend(tested.side().machine.tx().segments().flatten());
    (outs, sent)
}

fn feed<M: Machine>(side: &mut Side<M>, bytes: &[u8], cut: usize) {
    let mut kept = Vec::new();
    for piece in bytes.chunks(cut.max(1)) {
        kept.extend_from_slice(piece);
        let consumed = side.machine.handle_bytes(side.now, &kept);
        kept.drain(..consumed);
    }
}

fn version() -> impl Strategy<Value = Version> {
    prop::sample::select(&VERSIONS[..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Cutting the stream anywhere changes nothing, and neither does a second run.
    #[test]
    fn a_cut_stream_gives_the_same_actions(version in version(), steps in steps(), cut in 1..20usize) {
        prop_assert_eq!(run(&mut client(version), &steps, usize::MAX), run(&mut client(version), &steps, cut));
        prop_assert_eq!(run(&mut server(version), &steps, usize::MAX), run(&mut server(version), &steps, cut));
    }

    /// Whatever happened, the state that is stored is the state that is read.
    #[test]
    fn stored_state_is_read_back(version in version(), steps in steps()) {
        let mut client = client(version);
        run(&mut client, &steps, usize::MAX);
        let state = client.state();
        let mut restored = Client::new(lasting(version));
        restored.machine.restore_state(&state).unwrap();
        prop_assert_eq!(restored.state(), state);

        let mut server = server(version);
        run(&mut server, &steps, usize::MAX);
        let state = server.state();
        let mut again = Vec::new();
        SessionState::decode(&state).unwrap().encode(&mut again);
        prop_assert_eq!(again, state);
    }

    /// Damaged state is an error or another state, and never more.
    #[test]
    fn damaged_state_does_no_harm(steps in steps(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut client = client(Version::V5_0);
        run(&mut client, &steps, usize::MAX);
        let mut state = client.state();
        let at = at.index(state.len());
        state[at] = byte;
        let _ = Client::new(lasting(Version::V5_0)).machine.restore_state(&state);
        let _ = SessionState::decode(&state);
    }

    /// Any bytes, at any moment: a close at worst.
    #[test]
    fn hostile_bytes_do_no_harm(version in version(), bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 1..50usize) {
        feed(&mut client(version), &bytes, cut);
        feed(&mut server(version), &bytes, cut);
        let mut unconnected = Server::new(ServerConfig::default(), version);
        unconnected.machine.handle_connected(unconnected.now);
        feed(&mut unconnected, &bytes, cut);
        let mut connecting = Client::new(client_config(version));
        connecting.connect();
        feed(&mut connecting, &bytes, cut);
        let _ = SessionState::decode(&bytes);
    }
}
