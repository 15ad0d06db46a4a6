use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use mqtt_codec::QoS;
use mqtt_codec::packet::{SubscribeProperties, Subscription, SubscriptionOptions};
use mqtt_codec::property::{SubscriptionIdentifier, UserProperties};
use mqtt_session::ClientSession;
use mqtt_session::client::RequestToken;

use super::{Client, Link};
use crate::names::Filter;
use crate::observation::Observation;
use crate::stage::Stage;

/// What an application wants to be subscribed to, and what it knows of it.
#[derive(Debug)]
pub(super) struct Subscriptions {
    wanted: BTreeMap<Filter, SubscriptionOptions>,
    /// What the server has granted, and nothing was asked of since.
    granted: BTreeMap<Filter, SubscriptionOptions>,
    requests: BTreeMap<RequestToken, Request>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Subscribe(Filter, SubscriptionOptions),
    Unsubscribe(Filter),
}

impl Subscriptions {
    pub(super) fn new(wanted: &[(Filter, SubscriptionOptions)]) -> Self {
        Self {
            wanted: wanted.iter().copied().collect(),
            granted: BTreeMap::new(),
            requests: BTreeMap::new(),
        }
    }

    /// Whether everything is as the application wants it.
    pub(super) fn is_settled(&self) -> bool {
        self.requests.is_empty() && self.granted == self.wanted
    }

    /// Asks for what is missing.
    pub(super) fn connected(
        &mut self,
        stage: &mut Stage,
        client: usize,
        session: &mut ClientSession,
        session_present: bool,
    ) {
        if !session_present {
            self.granted.clear();
        }
        let missing = self
            .wanted
            .iter()
            .filter(|(filter, options)| self.granted.get(filter) != Some(*options));
        let missing: Vec<_> = missing
            .map(|(filter, options)| (*filter, *options))
            .collect();
        for (filter, options) in missing {
            self.subscribe(stage, client, session, filter, options);
        }
        let extra = self
            .granted
            .keys()
            .filter(|filter| !self.wanted.contains_key(filter));
        for filter in extra.copied().collect::<Vec<_>>() {
            self.unsubscribe(stage, client, session, filter);
        }
    }

    fn subscribe(
        &mut self,
        stage: &mut Stage,
        client: usize,
        session: &mut ClientSession,
        filter: Filter,
        options: SubscriptionOptions,
    ) {
        let Some(name) = stage.setting.names.filter(filter) else {
            return;
        };
        let subscription = Subscription {
            filter: name.borrowed(),
            options,
        };
        let properties = SubscribeProperties {
            subscription_identifier: identifier(filter),
            ..SubscribeProperties::default()
        };
        if let Ok(token) = session.subscribe(stage.now, &[subscription], properties) {
            self.requests
                .insert(token, Request::Subscribe(filter, options));
            stage.observe(&Observation::Subscribing {
                client,
                filter,
                options,
            });
        }
    }

    fn unsubscribe(
        &mut self,
        stage: &mut Stage,
        client: usize,
        session: &mut ClientSession,
        filter: Filter,
    ) {
        let Some(name) = stage.setting.names.filter(filter) else {
            return;
        };
        let unsubscribed =
            session.unsubscribe(stage.now, &[name.borrowed()], UserProperties::EMPTY);
        if let Ok(token) = unsubscribed {
            self.requests.insert(token, Request::Unsubscribe(filter));
            stage.observe(&Observation::Unsubscribing { client, filter });
        }
    }

    pub(super) fn subscribed(
        &mut self,
        stage: &mut Stage,
        client: usize,
        token: RequestToken,
        granted: Option<QoS>,
    ) {
        if let Some(Request::Subscribe(filter, options)) = self.requests.remove(&token) {
            self.granted.insert(filter, options);
            stage.observe(&Observation::Subscribed {
                client,
                filter,
                granted,
            });
        }
    }

    pub(super) fn unsubscribed(&mut self, stage: &mut Stage, client: usize, token: RequestToken) {
        if let Some(Request::Unsubscribe(filter)) = self.requests.remove(&token) {
            self.granted.remove(&filter);
            stage.observe(&Observation::Unsubscribed { client, filter });
        }
    }

    /// Whether the server has done it is not known: it is asked again on the next connection.
    pub(super) fn unanswered(&mut self, token: RequestToken) {
        if let Some(Request::Subscribe(filter, _)) = self.requests.remove(&token) {
            self.granted.remove(&filter);
        }
    }
}

/// The Subscription Identifier of a filter; left out in 3.x.
pub(super) fn identifier(filter: Filter) -> Option<SubscriptionIdentifier> {
    SubscriptionIdentifier::new(u32::try_from(filter.index() + 1).ok()?)
}

impl Client {
    /// The application wants a subscription, or another one to the same filter.
    pub(crate) fn subscribe(
        &mut self,
        stage: &mut Stage,
        filter: Filter,
        options: SubscriptionOptions,
    ) {
        self.subscriptions.wanted.insert(filter, options);
        if let Link::Online(_) = self.link {
            let (client, session) = (self.number, &mut self.session);
            self.subscriptions
                .subscribe(stage, client, session, filter, options);
            self.settle(stage);
        }
    }

    /// The application does not want a subscription any more.
    pub(crate) fn unsubscribe(&mut self, stage: &mut Stage, filter: Filter) {
        self.subscriptions.wanted.remove(&filter);
        if let Link::Online(_) = self.link {
            let (client, session) = (self.number, &mut self.session);
            self.subscriptions
                .unsubscribe(stage, client, session, filter);
            self.settle(stage);
        }
    }

    /// Asks again for what could not be asked for.
    pub(crate) fn ask_again(&mut self, stage: &mut Stage) {
        if let Link::Online(_) = self.link {
            let Self {
                session,
                subscriptions,
                ..
            } = self;
            if subscriptions.requests.is_empty() {
                subscriptions.connected(stage, self.number, session, true);
                self.settle(stage);
            }
        }
    }
}
