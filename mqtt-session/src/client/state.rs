use alloc::vec::Vec;

use mqtt_codec::ClientIdBuf;

use super::{ClientSession, State};
use crate::session::{StateReader, put_counted};
use crate::{RestoreError, SessionState};

/// The format that is written, see [`ClientSession::encode_state`].
const FORMAT: u8 = 1;

impl ClientSession {
    /// Appends what must outlive a restart of the program: messages without outcome, and which ones of QoS 2 were
    /// received. The encoding is stable: a later version of the library reads it.
    ///
    /// Store it when [`poll_action`](Self::poll_action) has given `None`, and before [`tx`](Self::tx) is written: what was not
    /// handed out is not in it, and nothing may leave that it does not know.
    ///
    /// Numbers are big-endian. Format 1:
    ///
    /// ```text
    /// format         u8 = 1
    /// client id      u32 length, UTF-8
    /// state          the format of SessionState::encode
    /// ```
    pub fn encode_state(&self, out: &mut Vec<u8>) {
        out.push(FORMAT);
        put_counted(out, |out| out.extend(self.client_id.as_str().as_bytes()));
        self.endpoint.state.encode(out);
    }

    /// Takes over what [`encode_state`](Self::encode_state) wrote, in place of what this session has. From then on there is
    /// a session: the server may say that it has it, too [MQTT-3.2.2-4].
    ///
    /// # Errors
    ///
    /// [`RestoreError`]: `Connected` when it is connected or has messages of its own, else for other bytes. Nothing is
    /// changed then.
    pub fn restore_state(&mut self, bytes: &[u8]) -> Result<(), RestoreError> {
        if !matches!(self.state, State::Idle) || self.endpoint.state.in_flight() > 0 {
            return Err(RestoreError::Connected);
        }
        let mut reader = StateReader::new(bytes);
        reader.format(FORMAT)?;
        let damaged = reader.damaged();
        let client_id = core::str::from_utf8(reader.counted()?).map_err(|_| damaged)?;
        let client_id = ClientIdBuf::new(client_id).map_err(|_| damaged)?;
        let state = SessionState::decode(reader.rest())?;
        self.endpoint.replace_state(state);
        self.client_id = client_id;
        (self.has_session, self.has_connected) = (true, true);
        Ok(())
    }
}
