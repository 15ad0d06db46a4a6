use core::time::Duration;

use mqtt_broker_core::Message;
use tokio::sync::oneshot;

use super::statistics::Statistics;

/// What a handle asks of a shard.
#[derive(Debug)]
pub(crate) enum Command {
    /// Publish for this process.
    Publish(Message),
    /// Tell the numbers.
    Statistics(oneshot::Sender<Statistics>),
    /// Say farewell to everybody, wait so long at most, and end.
    Shutdown { grace: Duration },
}
