//! Each check is proved: a world that breaks its rule on purpose is caught.

use core::time::Duration;

use mqtt_sim::{Plan, Rule, Sabotage, Scenario, World, check};

#[test]
fn a_rule_that_is_broken_on_purpose_is_noticed() {
    let cases = [
        (Sabotage::AcknowledgeEarly, Rule::AcknowledgedIsDelivered),
        (Sabotage::LoseQueued, Rule::AcknowledgedIsDelivered),
        (Sabotage::LoseUnreleased, Rule::DeliveredOnce),
        (Sabotage::RepeatDelivery, Rule::DeliveredOnce),
        (Sabotage::SwapPackets, Rule::Order),
        (Sabotage::LoseSessions, Rule::SessionLifetime),
        (Sabotage::LoseRetained, Rule::Retained),
        (Sabotage::ForgeDisconnect, Rule::Wills),
        (Sabotage::EndLate, Rule::OneConnection),
        (Sabotage::SlowClock, Rule::Expiry),
        (Sabotage::RaiseLimits, Rule::PeerLimits),
        (Sabotage::WideWindows, Rule::PeerLimits),
        (Sabotage::WideSendBuffers, Rule::Bounds),
        (Sabotage::LongQueues, Rule::Bounds),
        (Sabotage::KeepRetained, Rule::NothingLeft),
        (Sabotage::Misdeliver, Rule::Subscribed),
        (Sabotage::LoseUnsubscribed, Rule::Model),
        (Sabotage::SpoilPackets, Rule::Protocol),
        (Sabotage::ChangeBytes, Rule::Unchanged),
        (Sabotage::LoseDelivery, Rule::AtRest),
        (Sabotage::DamageDisk, Rule::Restart),
        (Sabotage::NeverDurable, Rule::Quiescence),
    ];
    for rule in Rule::ALL {
        let is_proved = cases.iter().any(|(_, proved)| proved == rule);
        assert_eq!(is_proved, *rule != Rule::NoPanic, "{rule:?}");
    }
    let mut wrong = Vec::new();
    for (sabotage, rule) in cases {
        let found = first_broken(sabotage, rule);
        if found.as_ref().map(|(_, found)| *found) != Some(rule) {
            wrong.push(format!("{sabotage:?} breaks {found:?}, not {rule:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn first_broken(sabotage: Sabotage, rule: Rule) -> Option<(u64, Rule)> {
    let scenario = Scenario {
        // Buffers are filled by many.
        clients: if rule == Rule::Bounds { 100 } else { 20 },
        span: Duration::from_secs(10),
        ..Scenario::default()
    };
    (1..=20).find_map(|seed| {
        let plan = Plan::new(seed, &scenario);
        let failure = World::sabotaged(plan, check::of(rule), Some(sabotage))
            .run()
            .err()?;
        eprintln!("{sabotage:?} {failure}");
        Some((seed, failure.broken.rule))
    })
}
