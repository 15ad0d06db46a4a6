//! Random subscriptions and names, beside the model.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;

use mqtt_codec::packet::RetainHandling;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::reference::{Model, is_match};
use super::*;
use crate::matching::FilterKey;
use crate::matching::keys::{GroupKey, Named};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Subscribe(SessionKey, String, Subscription),
    Unsubscribe(SessionKey, String),
    /// The subscription at this place of the model, around.
    End(usize),
    EndSession(SessionKey),
    Publish(String),
}

fn a_level() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "a",
            "b",
            "",
            "$a",
            "$SYS",
            "\u{e9}",
            "a level that does not fit in place",
        ][..],
    )
}

fn a_topic() -> impl Strategy<Value = String> {
    vec(a_level(), 1..6)
        .prop_map(|levels| levels.join("/"))
        .prop_filter("not empty", |name| !name.is_empty())
}

fn a_plain_filter() -> impl Strategy<Value = String> {
    let level = prop_oneof![3 => a_level(), 2 => Just("+")];
    (vec(level, 0..5), any::<bool>())
        .prop_map(|(mut levels, hash)| {
            levels.extend(hash.then_some("#"));
            levels.join("/")
        })
        .prop_filter("not empty, not shared", |text| {
            TopicFilter::new(text).is_ok_and(|filter| filter.shared().is_none())
        })
}

fn a_filter() -> impl Strategy<Value = String> {
    (
        select(&["", "", "", "$share/a/", "$share/b/"][..]),
        a_plain_filter(),
    )
        .prop_map(|(share, filter)| share.to_owned() + &filter)
}

fn a_subscription() -> impl Strategy<Value = Subscription> {
    let qos = select(&[QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][..]);
    (qos, any::<bool>(), any::<bool>(), option::of(1..4_u32)).prop_map(
        |(maximum_qos, no_local, retain_as_published, number)| {
            let retain_handling = RetainHandling::SendIfNew;
            Subscription {
                options: SubscriptionOptions {
                    maximum_qos,
                    no_local,
                    retain_as_published,
                    retain_handling,
                },
                identifier: number.and_then(SubscriptionIdentifier::new),
            }
        },
    )
}

fn a_session() -> impl Strategy<Value = SessionKey> {
    (0..4_u32).prop_map(SessionKey)
}

fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (a_session(), a_filter(), a_subscription()).prop_map(|(session, filter, how)| Step::Subscribe(session, filter, how)),
        1 => (a_session(), a_filter()).prop_map(|(session, filter)| Step::Unsubscribe(session, filter)),
        3 => any::<usize>().prop_map(Step::End),
        1 => a_session().prop_map(Step::EndSession),
        8 => a_topic().prop_map(Step::Publish),
    ]
}

fn assert_same(subscriptions: &mut Subscriptions, model: &Model, name: &str) {
    let mut routes = subscriptions.routes(topic(name));
    assert_eq!(routes.matches.topic.as_str(), name);
    assert_eq!(routes.matches.targets, model.targets(name));
    for session in (0..4).map(SessionKey) {
        assert_eq!(
            routes.for_publisher(session),
            model.for_publisher(name, session)
        );
    }
    let groups = routes.matches.groups.clone();
    let found: BTreeMap<_, _> = groups
        .iter()
        .map(|&group| {
            let text = subscriptions
                .filter_text(FilterKey::new(Named::Group(group)))
                .unwrap();
            (text.as_str().into(), subscriptions.members(group).to_vec())
        })
        .collect();
    assert_eq!(found.len(), groups.len(), "each group once");
    assert_eq!(found, model.groups(name));
}

fn end(
    subscriptions: &mut Subscriptions,
    keys: &mut BTreeMap<(SessionKey, String), FilterKey>,
    of: (SessionKey, String),
) {
    let (session, text) = &of;
    let key = keys.remove(&of).unwrap();
    assert_eq!(subscriptions.filter_text(key).unwrap().as_str(), text);
    assert!(subscriptions.remove(*session, key).is_some());
}

fn run(steps: &[Step], limits: CacheLimits) {
    let mut subscriptions = subscriptions(limits);
    let mut model = Model::default();
    let mut keys = BTreeMap::new();
    for step in steps {
        match step {
            Step::Subscribe(session, text, how) => {
                let subscribed = subscriptions
                    .subscribe(*session, filter(text), *how)
                    .unwrap();
                assert_eq!(subscribed.change, model.subscribe(*session, text, *how));
                let old = keys.insert((*session, text.clone()), subscribed.key);
                assert!(old.is_none_or(|old| old == subscribed.key), "the key stays");
            }
            Step::Unsubscribe(session, text) => {
                let ended = subscriptions.unsubscribe(*session, filter(text));
                let of = (*session, text.clone());
                assert_eq!(
                    ended,
                    model
                        .unsubscribe(*session, text)
                        .map(|how| (keys.remove(&of).unwrap(), how))
                );
            }
            Step::End(at) => {
                let of = model.0.keys().nth(at % model.0.len().max(1)).cloned();
                if let Some(of) = of {
                    model.0.remove(&of);
                    end(&mut subscriptions, &mut keys, of);
                }
            }
            Step::EndSession(session) => {
                let all: Vec<_> = model
                    .0
                    .keys()
                    .filter(|(of, _)| of == session)
                    .cloned()
                    .collect();
                for of in all {
                    model.0.remove(&of);
                    end(&mut subscriptions, &mut keys, of);
                }
            }
            Step::Publish(name) => {
                assert_same(&mut subscriptions, &model, name);
                assert_same(&mut subscriptions, &model, name);
            }
        }
        assert_eq!(subscriptions.len(), model.0.len());
        assert_eq!(subscriptions.bytes(), subscriptions.counted_bytes());
    }
    for ((session, text), how) in &model.0 {
        assert_eq!(subscriptions.get(*session, filter(text)), Some(*how));
    }
    for of in model.0.into_keys() {
        end(&mut subscriptions, &mut keys, of);
    }
    assert_eq!(subscriptions.internal_counts(), [0; 6]);
}

proptest! {
    #[test]
    fn the_tree_matches_as_the_standard_says(text in a_plain_filter(), name in a_topic()) {
        let mut subscriptions = subscriptions(ROOMY);
        subscriptions.subscribe(A, filter(&text), plain()).unwrap();
        let found = !subscriptions.routes(topic(&name)).matches.targets.is_empty();
        prop_assert_eq!(found, is_match(&text, &name));
    }

    #[test]
    fn all_steps_do_what_they_do_to_a_list(steps in vec(a_step(), 0..120), topics in 0..20_usize, targets in 0..12_usize) {
        run(&steps, CacheLimits { topics, targets });
    }

    #[test]
    fn the_same_steps_give_the_same_order_of_groups(steps in vec(a_step(), 0..40), name in a_topic()) {
        let found = [[1; 16], [2; 16]].map(|key| {
            let mut subscriptions = Subscriptions::new(key, ROOMY);
            for step in &steps {
                if let Step::Subscribe(session, text, how) = step {
                    subscriptions.subscribe(*session, filter(text), *how).unwrap();
                }
            }
            let groups: Vec<GroupKey> = subscriptions.routes(topic(&name)).matches.groups.clone();
            groups
        });
        prop_assert_eq!(&found[0], &found[1]);
    }
}
