//! A client over `std::net`, with no runtime: publishes at QoS 1 and receives its own message.
//! `cargo run -p mqttd-session --features std --example blocking -- 127.0.0.1:1883`

use core::time::Duration;
use std::io::{Error, ErrorKind, Read, Result, Write};

use mqtt_codec::packet::{Subscription, SubscriptionOptions};
use mqtt_codec::{QoS, TopicFilter, TopicNameBuf};
use mqtt_session::client::{Action, ClientSession, Config, Event, NORMAL_DISCONNECTION};
use mqtt_session::{CloseReason, Instant, Message};

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:1883".into());
    let filter = TopicFilter::new("example/blocking").map_err(Error::other)?;
    let options = SubscriptionOptions::default();
    let mut subscription = Subscription { filter, options };
    subscription.options.maximum_qos = QoS::AtLeastOnce;
    let topic = TopicNameBuf::new("example/blocking").map_err(Error::other)?;
    let mut hello = Message::new(topic, "hello, myself");
    hello.qos = QoS::AtLeastOnce;
    let mut socket = std::net::TcpStream::connect(address)?;
    let mut session = ClientSession::new(Config::default())?;
    let (mut rx, mut buffer) = (Vec::new(), [0; 4096]);
    session.handle_connected(now());
    loop {
        let action = session.poll_action();
        let tx = session.tx().segments().collect::<Vec<_>>().concat();
        socket.write_all(&tx)?;
        session.handle_written(now(), tx.len());
        match action {
            Some(Action::Notify(Event::Connected(_))) => {
                session.subscribe(now(), &[subscription], Default::default())?;
                session.publish(now(), hello.clone())?;
            }
            Some(Action::Deliver(delivered)) => {
                println!("{:?}", delivered.message);
                session.disconnect(now(), NORMAL_DISCONNECTION)?;
            }
            Some(Action::Close(CloseReason::Requested)) => return Ok(()),
            Some(Action::Close(reason)) => return Err(Error::other(reason.to_string())),
            Some(Action::Notify(_) | Action::Transmit) => {} // `tx` was written above.
            None => {
                let wait = session.poll_timeout().map(|deadline| deadline - now());
                socket.set_read_timeout(wait.map(|wait| wait + Duration::from_millis(1)))?;
                match socket.read(&mut buffer) {
                    Ok(0) => session.handle_closed(now()),
                    Err(it) if it.kind() == ErrorKind::WouldBlock => session.handle_timeout(now()),
                    read => rx.extend(buffer.iter().take(read?)),
                }
                rx.drain(..session.handle_bytes(now(), &rx));
            }
        }
    }
}

fn now() -> Instant {
    let elapsed = std::time::SystemTime::UNIX_EPOCH.elapsed();
    Instant::default() + elapsed.unwrap_or_default()
}
