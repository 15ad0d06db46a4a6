use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;

use mqtt_broker_core::{Loaded, Store};
use mqtt_codec::QoS;

use super::{Broken, Check, Rule};
use crate::messages::MessageNumber;
use crate::observation::{Context, Observation, Quiet};

/// [`Rule::AtRest`]: where nothing hinders, a message comes as it was published.
///
/// At the end of a world its observer, the last client, connects and subscribes to everything at QoS 2, with Retain As
/// Published. What is retained comes to it, each message once. Then messages are published at each QoS, and each comes once,
/// with its QoS and its RETAIN flag.
#[derive(Debug, Default)]
pub struct AtRest {
    is_subscribed: bool,
    /// What came before the first message was published.
    retained: BTreeSet<MessageNumber>,
    published: Vec<MessageNumber>,
    came: BTreeMap<MessageNumber, Vec<(QoS, bool)>>,
}

impl AtRest {
    /// Nothing was observed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is retained and was not just published is what came.
    fn replayed(&self, context: &Context<'_>, quiet: &Quiet<'_>) -> Result<(), Broken> {
        let mut stored = quiet.store.clone();
        let mut missing = None;
        let loaded = stored.load(0, &mut |loaded| {
            if let Loaded::Retained(message) = loaded {
                let number = MessageNumber::of(message.payload());
                let is_due = !message.is_expired(context.broker_now)
                    && number.is_some_and(|it| {
                        !self.retained.contains(&it) && !self.published.contains(&it)
                    });
                if is_due {
                    missing = number;
                }
            }
        });
        match (loaded, missing) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(missing)) => {
                let what = format!("message {} is retained and did not come", missing.index());
                Err(Broken::new(Rule::AtRest, what).of_message(missing))
            }
            (Err(error), _) => {
                let what = format!("the store cannot be read: {error}");
                Err(Broken::new(Rule::AtRest, what))
            }
        }
    }
}

impl Check for AtRest {
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        let observer = context.setting.clients.len().checked_sub(1);
        if let Observation::Subscribed { client, .. } = *observation {
            self.is_subscribed |= Some(client) == observer;
        } else if let Observation::Published { message, .. } = *observation {
            if self.is_subscribed {
                self.published.push(message);
            }
        } else if let Observation::Delivered {
            client,
            message,
            qos,
            retain,
            ..
        } = *observation
        {
            if Some(client) == observer && self.published.contains(&message) {
                self.came.entry(message).or_default().push((qos, retain));
            } else if Some(client) == observer && !self.retained.insert(message) {
                let what = format!("retained message {} came twice", message.index());
                return Err(Broken::new(Rule::AtRest, what).of_message(message));
            }
        }
        Ok(())
    }

    fn quiet(&mut self, context: &Context<'_>, quiet: &Quiet<'_>) -> Result<(), Broken> {
        if !self.is_subscribed {
            return Ok(());
        }
        for number in &self.published {
            let Some(message) = context.messages.get(*number) else {
                continue;
            };
            let came = self.came.get(number).map_or(&[][..], Vec::as_slice);
            if came != [(message.qos, message.retain)] {
                let what = format!("{message:?} came as {came:?}");
                return Err(Broken::new(Rule::AtRest, what).of_message(*number));
            }
        }
        match context.setting.broker.persistence {
            mqtt_broker_core::Persistence::None => Ok(()),
            mqtt_broker_core::Persistence::Store => self.replayed(context, quiet),
        }
    }
}
