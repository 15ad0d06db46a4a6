//! A client on a socket.

mod command;
mod connect;
mod driver;
mod publishing;
mod steps;
mod streams;
mod subscription;
mod waiters;

use core::time::Duration;

use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::reason_code::UnsubscribeReasonCode;
use mqtt_codec::{QoS, TopicFilterBuf};
use mqtt_session::client::Connected;
use mqtt_session::{CloseReason, Message};
use tokio::sync::{oneshot, watch};

use command::{Commands, Publish, Request};
pub use connect::ConnectError;
pub use publishing::{PublishFailed, Publishing};
pub use subscription::{RequestFailed, SubscribeFailed, Subscription};

/// A connected MQTT client. Clones share the connection.
///
/// A task drives the connection. It ends when the connection ends, or when the last `Client` and [`Subscription`] are gone:
/// then it disconnects in order. It never waits for the application: what the server says about published messages is
/// taken in whether subscriptions are read or not, so publishing cannot wait on the task that reads.
///
/// It does not reconnect, and knows no enhanced authentication.
///
/// ```
/// use mqtt_codec::{QoS, TopicFilterBuf, TopicNameBuf};
/// use mqtt_session::{Message, client::Config};
/// use runtime_tokio::{Client, Server};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// # let server = Server::builder().bind("127.0.0.1:0".parse()?).start()?;
/// # let address = server.local_addrs()[0];
/// let client = Client::connect(address, Config::default()).await?;
/// let mut doors = client.subscribe(TopicFilterBuf::new("doors/+")?, QoS::AtLeastOnce).await?;
///
/// let message = Message { qos: QoS::AtLeastOnce, ..Message::new(TopicNameBuf::new("doors/front")?, "open") };
/// client.publish(message).await?.await?;
///
/// let delivered = doors.recv().await.ok_or("the connection ended")?;
/// assert_eq!(delivered.message.payload, "open");
/// client.disconnect().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    commands: Commands,
    ended: watch::Receiver<Option<CloseReason>>,
    connected: Box<Connected>,
    /// How many messages a subscription holds: of QoS 0, and as many again of QoS 1 and 2.
    stream: usize,
}

/// The connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection has ended")]
pub struct ClientEnded;

impl Client {
    /// What the server said when it let us in.
    #[must_use]
    pub fn connected(&self) -> &Connected {
        &self.connected
    }

    /// Publishes a message. The answer is a future: await it for the acknowledgement, or drop it.
    ///
    /// This waits while many messages of this client wait to be sent, which depends on the server alone. They are sent in
    /// order, whatever their QoS. Nothing else waits for them.
    ///
    /// # Errors
    ///
    /// [`ClientEnded`]: it was not sent.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, the message is not sent.
    pub async fn publish(&self, message: Message) -> Result<Publishing, ClientEnded> {
        let (answer, publishing) = oneshot::channel();
        let sent = self.commands.messages.send(Publish { message, answer });
        sent.await.map_err(|_| ClientEnded)?;
        Ok(Publishing::new(publishing))
    }

    /// Subscribes to a filter, with this QoS at most.
    ///
    /// # Errors
    ///
    /// [`SubscribeFailed`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped after it was polled, the subscription may exist, without anybody who gets its messages.
    pub async fn subscribe(
        &self,
        filter: TopicFilterBuf,
        maximum_qos: QoS,
    ) -> Result<Subscription, SubscribeFailed> {
        self.subscribe_with(
            filter,
            SubscriptionOptions {
                maximum_qos,
                ..SubscriptionOptions::default()
            },
        )
        .await
    }

    /// As [`subscribe`](Self::subscribe), with all options of 5.0. In 3.x those but the QoS are left out.
    ///
    /// # Errors
    ///
    /// [`SubscribeFailed`].
    ///
    /// # Cancel safety
    ///
    /// As [`subscribe`](Self::subscribe).
    pub async fn subscribe_with(
        &self,
        filter: TopicFilterBuf,
        options: SubscriptionOptions,
    ) -> Result<Subscription, SubscribeFailed> {
        let (stream, exit) = streams::stream(2 * self.stream);
        let (answer, granted) = oneshot::channel();
        let request = Request::Subscribe {
            filter: filter.clone(),
            options,
            stream,
            answer,
        };
        self.request(request).await.map_err(RequestFailed::from)?;
        let reason_code = granted.await.map_err(|_| RequestFailed::Ended)??;
        Ok(Subscription::new(filter, reason_code, exit, self.clone()))
    }

    /// Ends the subscription to a filter. Its [`Subscription`]s give what they hold, then `None`.
    ///
    /// # Errors
    ///
    /// [`RequestFailed`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped after it was polled, the subscription may have ended.
    pub async fn unsubscribe(
        &self,
        filter: TopicFilterBuf,
    ) -> Result<UnsubscribeReasonCode, RequestFailed> {
        let (answer, done) = oneshot::channel();
        self.request(Request::Unsubscribe { filter, answer })
            .await?;
        done.await.map_err(|_| RequestFailed::Ended)?
    }

    /// Disconnects in order, so that the server forgets the Will, and waits until that is done.
    ///
    /// What was published before is sent first. A server that does not take it, because it leaves others unacknowledged,
    /// delays this by a second at most.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped after it was polled, the client disconnects all the same.
    pub async fn disconnect(&self) {
        // If it cannot be sent, the connection has ended, or it was said before.
        let _ = self.commands.leave.try_send(());
        self.ended().await;
    }

    /// Waits until the connection has ended, and says why.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect on the client.
    pub async fn ended(&self) -> CloseReason {
        let mut ended = self.ended.clone();
        let reason = ended
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|reason| *reason);
        // Without a word the task was taken down with its runtime.
        reason.unwrap_or(CloseReason::ConnectionLost)
    }

    async fn request(&self, request: Request) -> Result<(), ClientEnded> {
        let sent = self.commands.requests.send(request);
        sent.await.map_err(|_| ClientEnded)
    }
}

/// How long messages that wait for the server keep a client that leaves, and how long what is left then may take to be
/// written.
const FAREWELL: Duration = Duration::from_secs(1);
