use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_codec::packet::Publish;
use mqtt_codec::{Packet, Version};
use mqtt_session::Instant;

use super::{Broken, Check, Rule};
use crate::messages::{MessageNumber, Origin};
use crate::observation::{Context, Observation};
use crate::profile::Server;

/// The broker sends nothing for the first time behind its lifetime, and says what is left of it, to a second. A lifetime
/// runs on the broker's clock from when the broker received the message.
///
/// A message that its publisher sent more than once may be any of them. Wills that have a lifetime are not looked at: when
/// they are published is not seen.
#[derive(Debug, Default)]
pub struct Expiry {
    received: BTreeMap<MessageNumber, Vec<Lifetime>>,
}

#[derive(Clone, Copy, Debug)]
struct Lifetime {
    from: Instant,
    seconds: u32,
}

impl Expiry {
    /// Nothing was observed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn received(&mut self, context: &Context<'_>, publish: &Publish<'_>) {
        let (Some(number), Some(seconds)) = (
            MessageNumber::of(publish.payload),
            publish.properties.message_expiry_interval,
        ) else {
            return;
        };
        let lifetime = Lifetime {
            from: context.broker_now,
            seconds,
        };
        self.received.entry(number).or_default().push(lifetime);
    }

    fn sent(
        &self,
        context: &Context<'_>,
        client: usize,
        publish: &Publish<'_>,
    ) -> Result<(), Broken> {
        let Some(number) = MessageNumber::of(publish.payload) else {
            return Ok(());
        };
        let Some(message) = context.messages.get(number) else {
            return Ok(());
        };
        let broken = |what| {
            Err(Broken::new(Rule::Expiry, what)
                .of_client(client)
                .of_client(message.client)
                .of_message(number))
        };
        let said = publish.properties.message_expiry_interval;
        if message.expiry.is_none() {
            return match said {
                Some(said) => broken(format!(
                    "{said} s are said to be left of a message without a lifetime"
                )),
                None => Ok(()),
            };
        }
        if message.origin == Origin::Will {
            return Ok(());
        }
        let Some(lifetimes) = self.received.get(&number) else {
            return Ok(());
        };
        let now = context.broker_now;
        let is_over = lifetimes.iter().all(|it| it.end() < now);
        if is_over && !publish.delivery.dup() {
            return broken(format!("sent at {now:?}, behind the end of its lifetime"));
        }
        let profile = context.setting.clients.get(client);
        if profile.is_none_or(|it| it.version != Version::V5_0) {
            return Ok(());
        }
        match said {
            None => broken("its lifetime was not said".into()),
            Some(said) if !lifetimes.iter().any(|it| it.may_say(now, said)) => {
                broken(format!("{said} s are said to be left of its lifetime"))
            }
            Some(_) => Ok(()),
        }
    }
}

impl Lifetime {
    fn end(self) -> Instant {
        self.from + Duration::from_secs(u64::from(self.seconds))
    }

    /// Whether so many seconds may be said to be left: never more than there were, unless the clock was set back.
    fn may_say(self, now: Instant, said: u32) -> bool {
        let (left, said_left) = (self.end() - now, Duration::from_secs(u64::from(said)));
        left.abs_diff(said_left) <= TOLERANCE && (said <= self.seconds || now < self.from)
    }
}

impl Check for Expiry {
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        let is_of_broker = |client: usize| {
            let profile = context.setting.clients.get(client);
            profile.is_some_and(|it| it.server == Server::Broker)
        };
        if let Observation::Received {
            client: Some(client),
            packet: Packet::Publish(publish),
            ..
        } = observation
        {
            if is_of_broker(*client) {
                self.received(context, publish);
            }
        } else if let Observation::Sent {
            client: Some(client),
            packet: Packet::Publish(publish),
            ..
        } = observation
        {
            if is_of_broker(*client) {
                return self.sent(context, *client, publish);
            }
        }
        Ok(())
    }
}

/// A Message Expiry Interval is in whole seconds.
const TOLERANCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mqtt_codec::QoS;

    use super::*;
    use crate::check::stage::{Stage, assert_broken, publish_packet};
    use crate::observation::ConnectionNumber;

    /// A message with a lifetime of 10 seconds that the broker has received.
    fn taken(expiry: Option<u32>) -> (Stage, Expiry, MessageNumber, Bytes) {
        let (mut stage, mut check) = (Stage::default(), Expiry::new());
        let message = stage.message_with(0, QoS::AtLeastOnce, |it| it.expiry = expiry);
        let payload = message.payload(100);
        receive(&mut stage, &mut check, &payload, expiry);
        (stage, check, message, payload)
    }

    fn receive(stage: &mut Stage, check: &mut Expiry, payload: &[u8], expiry: Option<u32>) {
        let packet = publish_packet(payload, expiry, false);
        stage.received(check, 0, ConnectionNumber(1), &packet);
    }

    fn send(
        stage: &mut Stage,
        check: &mut Expiry,
        payload: &[u8],
        expiry: Option<u32>,
        dup: bool,
    ) -> Result<(), Broken> {
        let packet = publish_packet(payload, expiry, dup);
        let sent = Observation::Sent {
            connection: ConnectionNumber(2),
            client: Some(1),
            packet: &packet,
            bytes: 0,
        };
        stage.observe(check, &sent)
    }

    #[test]
    fn nothing_is_sent_behind_its_lifetime_but_what_was_sent_before() {
        for version in [Version::V3_1_1, Version::V5_0] {
            for (seconds, left, dup, is_fine) in [
                (0, 10, false, true),
                (9, 1, false, true),
                (10, 0, false, true),
                (11, 0, false, false),
                (11, 0, true, true),
                (1_000, 0, true, true),
            ] {
                let (mut stage, mut check, message, payload) = taken(Some(10));
                stage.setting.clients[1].version = version;
                stage.pass(seconds);
                let said = (version == Version::V5_0).then_some(left);
                let sent = send(&mut stage, &mut check, &payload, said, dup);
                match is_fine {
                    true => assert_eq!(sent, Ok(()), "{version:?} {seconds}"),
                    false => assert_broken(sent, Rule::Expiry, 1, Some(message)),
                }
            }
        }
    }

    #[test]
    fn what_is_left_is_said_to_a_second() {
        for (seconds, said, is_fine) in [
            (0, Some(11), false),
            (0, Some(10), true),
            (0, Some(9), true),
            (0, Some(8), false),
            (4, Some(8), false),
            (4, Some(7), true),
            (4, Some(5), true),
            (4, Some(4), false),
            (4, None, false),
        ] {
            let (mut stage, mut check, message, payload) = taken(Some(10));
            stage.pass(seconds);
            let sent = send(&mut stage, &mut check, &payload, said, false);
            match is_fine {
                true => assert_eq!(sent, Ok(()), "{seconds} {said:?}"),
                false => assert_broken(sent, Rule::Expiry, 1, Some(message)),
            }
        }
    }

    #[test]
    fn what_has_no_lifetime_gets_none() {
        let (mut stage, mut check, message, payload) = taken(None);
        stage.pass(1_000);
        assert_eq!(send(&mut stage, &mut check, &payload, None, false), Ok(()));
        let sent = send(&mut stage, &mut check, &payload, Some(1), false);
        assert_broken(sent, Rule::Expiry, 1, Some(message));
        assert_eq!(
            send(&mut stage, &mut check, b"another.payload", Some(1), false),
            Ok(())
        );
    }

    #[test]
    fn what_was_sent_again_may_be_either() {
        for (seconds, said, is_fine) in [
            (6, 4, true),
            (6, 10, true),
            (6, 7, false),
            (12, 4, true),
            (16, 0, true),
            (17, 0, false),
        ] {
            let (mut stage, mut check, message, payload) = taken(Some(10));
            stage.pass(6);
            receive(&mut stage, &mut check, &payload, Some(10));
            stage.pass(seconds - 6);
            let sent = send(&mut stage, &mut check, &payload, Some(said), false);
            match is_fine {
                true => assert_eq!(sent, Ok(()), "{seconds} {said}"),
                false => assert_broken(sent, Rule::Expiry, 1, Some(message)),
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_is_believed() {
        for (clock, said, is_fine) in [
            (1_005, 5, true),
            (1_100, 0, false),
            (900, 110, true),
            (900, 10, false),
        ] {
            let (mut stage, mut check, _, payload) = taken(Some(10));
            stage.broker_now = clock;
            let sent = send(&mut stage, &mut check, &payload, Some(said), false);
            assert_eq!(sent.is_ok(), is_fine, "{clock} {said}");
        }
    }

    #[test]
    fn wills_and_what_other_servers_send_are_not_looked_at() {
        let (mut stage, mut check) = (Stage::default(), Expiry::new());
        let will = stage.message_with(0, QoS::AtLeastOnce, |it| {
            (it.expiry, it.origin) = (Some(10), Origin::Will);
        });
        stage.pass(1_000);
        let payload = will.payload(100);
        assert_eq!(send(&mut stage, &mut check, &payload, None, false), Ok(()));
        let (mut stage, mut check, _, payload) = taken(Some(10));
        stage.setting.clients[1].server = Server::Echo;
        stage.pass(1_000);
        assert_eq!(send(&mut stage, &mut check, &payload, None, false), Ok(()));
    }
}
