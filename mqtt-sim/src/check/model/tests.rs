use alloc::boxed::Box;

use mqtt_broker_core::{Broker, MemoryStore, Message, MessageId, Record, SessionRecord};
use mqtt_codec::{PacketId, QoS, Version};

use super::*;
use crate::check::wire_scene::{LASTING, Scene, options};

const QOS_1: QoS = QoS::AtLeastOnce;

/// Client 0 is connected with a subscription to `a`, and has published a retained message there; client 1 is gone.
fn scene() -> Scene<SameAsModel> {
    let mut scene = Scene::new(2);
    scene.connect(0, 1, LASTING).unwrap();
    scene.subscribe(0, 1, "a", options(QOS_1)).unwrap();
    let message = scene.retained("a", QOS_1);
    scene.publish(0, 1, message, 1).unwrap();
    scene
}

fn session() -> SessionRecord {
    SessionRecord {
        client_id: Profile::client_id(0).unwrap(),
        version: Version::V5_0,
        principal: None,
        expiry_interval: 100,
        disconnected_at: None,
        will: None,
    }
}

/// What a broker has stored of the scene.
fn records(scene: &mut Scene<SameAsModel>) -> Vec<Record> {
    let client_id = session().client_id;
    let filter = scene
        .setting
        .names
        .filter(scene.filter("a"))
        .unwrap()
        .clone();
    let subscribed = Record::Subscribed {
        client_id,
        filter,
        options: options(QOS_1),
        identifier: None,
    };
    let mut records = [Record::Session(Box::new(session())), subscribed].to_vec();
    records.extend(retained(scene, "a", b"\0\0\0\0mqtt"));
    records
}

fn retained(scene: &Scene<SameAsModel>, topic: &str, payload: &'static [u8]) -> [Record; 2] {
    let topic = scene
        .setting
        .names
        .topic(scene.topic(topic))
        .unwrap()
        .clone();
    let id = MessageId {
        incarnation: 1,
        shard: 0,
        sequence: payload.len() as u64,
    };
    let message = Message::builder(topic.clone(), payload.into())
        .id(id)
        .build();
    [
        Record::Message(message),
        Record::Retained { message: id, topic },
    ]
}

/// What is said of a store with these records, and of a broker that has restored them.
fn quiet(scene: &mut Scene<SameAsModel>, records: &[Record]) -> Result<(), Broken> {
    let mut store = MemoryStore::new();
    store.commit(records).unwrap();
    let now = scene.broker_now;
    let mut broker = Broker::new(scene.setting.broker.clone(), [0; 16], now);
    let restore = &mut |loaded| broker.restore(now, 1, loaded);
    store.load(100, restore).unwrap();
    scene.quiet(&broker, &store)
}

fn assert_differs(records: &[Record], clients: &[usize], what: &str) {
    let broken = quiet(&mut scene(), records).unwrap_err();
    assert_eq!(broken.rule, Rule::Model);
    assert_eq!(broken.clients, clients, "{broken}");
    assert!(broken.what.contains(what), "{broken}");
}

#[test]
fn what_is_stored_is_what_the_model_has() {
    let mut scene = scene();
    let records = records(&mut scene);
    quiet(&mut scene, &records).unwrap();
}

#[test]
fn every_difference_is_named() {
    let good = records(&mut scene());
    let more = |more: &[Record]| [&good[..], more].concat();
    let changed = |change: fn(&mut SessionRecord)| {
        let mut record = session();
        change(&mut record);
        more(&[Record::Session(Box::new(record))])
    };
    let client_id = session().client_id;
    let differs = |records: Vec<Record>, what| assert_differs(&records, &[0], what);
    differs(good[2..].to_vec(), "the session of client 0 is not stored");
    differs(
        [&good[..1], &good[2..]].concat(),
        "subscription to a: Some(SubscriptionOptions { maximum_qos: AtLeastOnce",
    );
    let mut other = good.clone();
    if let Record::Subscribed { options, .. } = &mut other[1] {
        options.no_local = true;
    }
    differs(other, "subscription to a");
    differs(changed(|it| it.expiry_interval = 99), "with 99 s found");
    differs(changed(|it| it.version = Version::V3_1_1), "V3_1_1 with");
    differs(
        changed(|it| it.disconnected_at = Some(mqtt_session::Instant::from_micros(1))),
        "but disconnected at",
    );
    let unreleased = Record::Unreleased {
        client_id: client_id.clone(),
        packet_id: PacketId::MIN,
    };
    differs(more(&[unreleased]), "unreleased are []");
    if let Record::Retained { message, .. } = good[3] {
        let queued = Record::Queued {
            client_id,
            sequence: 0,
            message,
            qos: QOS_1,
            retain: false,
            identifiers: Vec::new(),
            group: None,
        };
        differs(more(&[queued]), "1 messages wait, though it is connected");
    }
    let mut second = session();
    second.client_id = Profile::client_id(1).unwrap();
    let second = Record::Session(Box::new(second));
    assert_differs(&more(&[second]), &[1], "client 1 is stored, but over");
}

#[test]
fn every_difference_of_retained_messages_is_named() {
    let scene = &mut scene();
    let good = records(scene);
    assert_differs(
        &good[..2],
        &[],
        "retained at a: message 0 expected, nothing found",
    );
    let more = |more: &[Record]| [&good[..], more].concat();
    let strange = more(&retained(scene, "a", b"strange"));
    assert_differs(
        &strange,
        &[],
        "message 0 expected, what nobody published found",
    );
    let elsewhere = more(&retained(scene, "b", b"strange"));
    assert_differs(&elsewhere, &[], "retained at b: nothing expected");
}

#[test]
fn the_broker_has_as_much_as_the_model() {
    let mut scene = scene();
    scene.setting.broker.persistence = Persistence::None;
    let broken = quiet(&mut scene, &[]).unwrap_err();
    assert_eq!(broken.what, "1 sessions expected, the broker has 0");
}

#[test]
fn what_was_durable_is_found_again() {
    for (recovered, is_broken) in [(2, false), (3, false), (1, true)] {
        let mut scene = scene();
        for position in 1..=3 {
            scene.hand_out(position).unwrap();
        }
        let position = Position(2);
        scene.see(Observation::Durable { position }).unwrap();
        assert_eq!(scene.crash(recovered).is_err(), is_broken);
    }
}
