use alloc::vec::Vec;

use mqtt_broker_core::Availability;
use mqtt_codec::QoS;
use mqtt_codec::packet::SubscriptionOptions;

use crate::names::Filter;
use crate::observation::{ConnectionNumber, Context, Observation};

/// When something was observed: a place in the order of all observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Moment(pub(super) u64);

/// The subscriptions that are surely in force, as the clients know: from SUBACK to UNSUBSCRIBE or the next SUBSCRIBE.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    filters: Vec<Subscribers>,
    /// What each client has asked for, ever.
    clients: Vec<Client>,
}

#[derive(Clone, Debug, Default)]
struct Client {
    filters: Vec<Filter>,
    connection: Option<ConnectionNumber>,
}

/// Who has ever asked for a filter.
#[derive(Clone, Debug, Default)]
struct Subscribers {
    list: Vec<Subscriber>,
    /// When one of them came, left, or may have done so.
    changed_at: Moment,
}

/// A client that has asked for a filter.
#[derive(Clone, Debug)]
pub(super) struct Subscriber {
    pub(super) client: usize,
    /// Since when it gets what others publish, with QoS 1 or 2.
    others_since: Option<Moment>,
    /// Since when it gets what it publishes itself.
    own_since: Option<Moment>,
    /// Whether it may be subscribed at all.
    may_be: bool,
    asked: SubscriptionOptions,
    /// Requests that have no answer, on this connection.
    outstanding: u16,
    on: Option<ConnectionNumber>,
}

impl Subscriptions {
    pub(super) fn observe(
        &mut self,
        moment: Moment,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) {
        if let Observation::Connecting {
            client, connection, ..
        } = *observation
        {
            self.client(client).connection = Some(connection);
        } else if let Observation::Subscribing {
            client,
            filter,
            options,
        } = *observation
        {
            self.change(moment, client, filter, |it| it.subscribing(options));
        } else if let Observation::Subscribed {
            client,
            filter,
            granted,
        } = *observation
        {
            // 3.1 cannot say that it was refused.
            let offered = context.setting.broker.shared_subscriptions == Availability::Available
                || !context.setting.names.is_shared(filter);
            let granted = granted.filter(|_| offered);
            self.change(moment, client, filter, |it| it.subscribed(moment, granted));
        } else if let Observation::Unsubscribing { client, filter } = *observation {
            self.change(moment, client, filter, Subscriber::unsubscribing);
        } else if let Observation::Unsubscribed { client, filter } = *observation {
            self.change(moment, client, filter, Subscriber::unsubscribed);
        }
    }

    /// A client is in another session, or may be: a new one has no subscriptions.
    pub(super) fn begin_life(&mut self, moment: Moment, client: usize, session_present: bool) {
        for filter in core::mem::take(&mut self.client(client).filters) {
            self.change(moment, client, filter, |it| {
                it.may_be &= session_present;
                (it.others_since, it.own_since) = (None, None);
            });
            // What it held for a shared group before that may be lost.
            if let Some(of_filter) = self.filters.get_mut(filter.index()) {
                of_filter.changed_at = moment;
            }
        }
    }

    /// Who has ever asked for a filter.
    pub(super) fn of(&self, filter: Filter) -> &[Subscriber] {
        self.filters
            .get(filter.index())
            .map_or(&[], |it| it.list.as_slice())
    }

    /// Whether a client has ever asked for a shared subscription.
    pub(super) fn has_shared(&self, context: &Context<'_>, client: usize) -> bool {
        let names = &context.setting.names;
        let is_shared = |filter: &Filter| names.is_shared(*filter);
        let client = self.clients.get(client);
        client.is_some_and(|client| client.filters.iter().any(is_shared))
    }

    /// Whether the same ones are subscribed to a filter since then.
    pub(super) fn unchanged_since(&self, moment: Moment, filter: Filter) -> bool {
        self.filters
            .get(filter.index())
            .is_some_and(|it| it.changed_at < moment)
    }

    fn client(&mut self, client: usize) -> &mut Client {
        at(&mut self.clients, client)
    }

    fn change(
        &mut self,
        moment: Moment,
        client: usize,
        filter: Filter,
        change: impl FnOnce(&mut Subscriber),
    ) {
        let of_client = at(&mut self.clients, client);
        if !of_client.filters.contains(&filter) {
            of_client.filters.push(filter);
        }
        let connection = of_client.connection;
        let of_filter = at(&mut self.filters, filter.index());
        let index = of_filter.list.iter().position(|it| it.client == client);
        let index = index.unwrap_or_else(|| {
            of_filter.list.push(Subscriber::new(client));
            of_filter.list.len() - 1
        });
        let Some(subscriber) = of_filter.list.get_mut(index) else {
            return;
        };
        if subscriber.on != connection {
            // A request has its answer on its own connection or never.
            (subscriber.on, subscriber.outstanding) = (connection, 0);
        }
        let before = (subscriber.others_since, subscriber.may_be);
        change(subscriber);
        if before != (subscriber.others_since, subscriber.may_be) {
            of_filter.changed_at = moment;
        }
    }
}

impl Subscriber {
    const fn new(client: usize) -> Self {
        Self {
            client,
            others_since: None,
            own_since: None,
            may_be: false,
            asked: SubscriptionOptions {
                maximum_qos: QoS::AtMostOnce,
                no_local: false,
                retain_as_published: false,
                retain_handling: mqtt_codec::packet::RetainHandling::SendAtSubscribe,
            },
            outstanding: 0,
            on: None,
        }
    }

    /// Whether its subscription was in force when a message was published, and is. `publisher` is whose message it is.
    pub(super) fn covers(&self, published: Moment, publisher: usize) -> bool {
        let since = match self.client == publisher {
            true => self.own_since,
            false => self.others_since,
        };
        since.is_some_and(|since| since < published)
    }

    /// Whether it gets what others publish, for sure.
    pub(super) const fn is_sure(&self) -> bool {
        self.others_since.is_some()
    }

    /// Whether it may be subscribed.
    pub(super) const fn may_be(&self) -> bool {
        self.may_be
    }

    /// Whether messages of a publisher may wait for it.
    pub(super) const fn may_queue(&self, publisher: usize) -> bool {
        self.may_be
            && !matches!(self.asked.maximum_qos, QoS::AtMostOnce)
            && !(self.asked.no_local && self.client == publisher)
    }

    /// What is asked for may be in force already, and may never be.
    fn subscribing(&mut self, options: SubscriptionOptions) {
        self.outstanding += 1;
        self.asked = options;
        self.may_be = true;
        self.limit(options);
    }

    fn subscribed(&mut self, moment: Moment, granted: Option<QoS>) {
        self.outstanding = self.outstanding.saturating_sub(1);
        let options = SubscriptionOptions {
            maximum_qos: granted.unwrap_or(QoS::AtMostOnce),
            no_local: self.asked.no_local,
            ..self.asked
        };
        self.limit(options);
        if self.outstanding == 0 && options.maximum_qos > QoS::AtMostOnce {
            self.others_since.get_or_insert(moment);
            if !options.no_local {
                self.own_since.get_or_insert(moment);
            }
        }
    }

    fn unsubscribing(&mut self) {
        self.outstanding += 1;
        (self.others_since, self.own_since) = (None, None);
    }

    fn unsubscribed(&mut self) {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.may_be &= self.outstanding > 0;
    }

    fn limit(&mut self, options: SubscriptionOptions) {
        if options.maximum_qos == QoS::AtMostOnce {
            self.others_since = None;
        }
        if options.maximum_qos == QoS::AtMostOnce || options.no_local {
            self.own_since = None;
        }
    }
}

/// An element of a list that grows as far as is needed.
pub(super) fn at<T: Clone + Default>(list: &mut Vec<T>, index: usize) -> &mut T {
    if list.len() <= index {
        list.resize(index + 1, T::default());
    }
    #[expect(clippy::indexing_slicing, reason = "it is that long now")]
    &mut list[index]
}
