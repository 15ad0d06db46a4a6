//! Errors as `std::io::Error`, for callers whose own errors those are.

use std::io::{Error, ErrorKind};

use crate::client::{ConfigError, DisconnectError, RequestError, SubscribeError};
use crate::server::{
    AcceptError, AnswerError, DisconnectError as ServerDisconnectError, RefuseError,
};
use crate::{AcknowledgeError, AuthenticateError, ProtocolError, PublishError, RestoreError};

macro_rules! io_error {
    ($($error:ty => $kind:ident,)+) => {
        $(
            impl From<$error> for Error {
                #[doc = concat!("Of the kind `", stringify!($kind), "`.")]
                fn from(error: $error) -> Self {
                    Self::new(ErrorKind::$kind, error)
                }
            }
        )+
    };
}

io_error! {
    ProtocolError => InvalidData,
    RestoreError => InvalidData,
    ConfigError => InvalidInput,
    PublishError => InvalidInput,
    AcknowledgeError => InvalidInput,
    AuthenticateError => InvalidInput,
    SubscribeError => InvalidInput,
    RequestError => InvalidInput,
    DisconnectError => InvalidInput,
    AcceptError => InvalidInput,
    RefuseError => InvalidInput,
    AnswerError => InvalidInput,
    ServerDisconnectError => InvalidInput,
}
