//! A client over `std::net`, with no runtime: publishes at QoS 1 and receives its own message.
//! Beside any broker: `cargo run -p mqttd-session --features std --example blocking`
use mqtt_codec::packet::{Disconnect, Subscription, SubscriptionOptions};
use mqtt_codec::{QoS, TopicFilter, TopicNameBuf, reason_code::DisconnectReasonCode};
use mqtt_session::client::{Action, ClientSession, Config, Event};
use mqtt_session::{Instant, Message};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::time::{Duration, SystemTime};

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:1883".into());
    let mut socket = std::net::TcpStream::connect(address)?;
    let mut session = ClientSession::new(Config::default())?;
    let (mut rx, mut buffer) = (Vec::new(), [0; 4096]);
    session.handle_connected(now());
    loop {
        while let Some(action) = session.poll_action() {
            match action {
                Action::Notify(Event::Connected(_)) => subscribe(&mut session)?,
                Action::Notify(Event::Subscribed { .. }) => {
                    let topic = TopicNameBuf::new("example/blocking").map_err(Error::other)?;
                    let mut message = Message::new(topic, "hello, myself");
                    message.qos = QoS::AtLeastOnce;
                    session.publish(now(), message)?;
                }
                Action::Deliver(delivered) => {
                    println!("{:?}", delivered.message);
                    session.disconnect(now(), Disconnect::from(DisconnectReasonCode::Success))?;
                }
                Action::Transmit | Action::Notify(_) => {} // `tx` is written below.
                Action::Close(_) => return socket.write_all(&session.tx().to_vec()),
            }
        }
        socket.write_all(&session.tx().to_vec())?;
        session.handle_written(now(), session.tx().len());
        let wait = session.poll_timeout().map(|at| at - now());
        socket.set_read_timeout(wait.map(|wait| wait.max(Duration::from_millis(1))))?;
        match socket.read(&mut buffer) {
            Ok(0) => session.handle_closed(now()),
            Ok(n) => rx.extend_from_slice(buffer.get(..n).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => session.handle_timeout(now()),
            Err(error) => return Err(error),
        }
        rx.drain(..session.handle_bytes(now(), &rx));
    }
}
