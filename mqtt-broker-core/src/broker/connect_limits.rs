//! What a CONNECT may carry.

use mqtt_codec::packet::Connect;
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{TopicName, Version};

use super::limits;
use crate::config::Config;
use crate::counters::Cause;

/// Whether a CONNECT keeps to the rules and limits.
pub(super) fn check(
    config: &Config,
    connect: &Connect<'_>,
) -> Result<(), (Option<Cause>, ConnectReasonCode)> {
    let id = connect.client_id;
    if id.is_empty() && connect.version != Version::V5_0 {
        // [v3.1.1 MQTT-3.1.3-8]; 3.1 has no empty ones at all.
        if connect.version == Version::V3_1 || !connect.clean_start {
            return Err((None, ConnectReasonCode::ClientIdentifierNotValid));
        }
    }
    let (cause, code) = if id.as_str().len() > config.client_id_bytes {
        (
            Cause::ClientIdTooLong,
            ConnectReasonCode::ClientIdentifierNotValid,
        )
    } else if connect
        .user_name
        .is_some_and(|name| name.as_str().len() > config.user_name_bytes)
    {
        (
            Cause::UserNameTooLong,
            ConnectReasonCode::BadUserNameOrPassword,
        )
    } else if connect
        .password
        .is_some_and(|password| password.as_bytes().len() > config.password_bytes)
    {
        (
            Cause::PasswordTooLong,
            ConnectReasonCode::BadUserNameOrPassword,
        )
    } else if !limits::user_properties(config, &connect.properties.user_properties) {
        (Cause::UserProperties, ConnectReasonCode::QuotaExceeded)
    } else {
        return check_will(config, connect);
    };
    Err((Some(cause), code))
}

fn check_will(
    config: &Config,
    connect: &Connect<'_>,
) -> Result<(), (Option<Cause>, ConnectReasonCode)> {
    let Some(will) = &connect.will else {
        return Ok(());
    };
    let topic: TopicName<'_> = will.topic;
    let (cause, code) = if !limits::topic_name(config, topic) {
        (Cause::TopicName, ConnectReasonCode::TopicNameInvalid)
    } else if topic.as_str().len() + will.payload.as_bytes().len() > config.will_bytes {
        (Cause::Will, ConnectReasonCode::QuotaExceeded)
    } else if !limits::user_properties(config, &will.properties.user_properties) {
        (Cause::UserProperties, ConnectReasonCode::QuotaExceeded)
    } else {
        return Ok(());
    };
    Err((Some(cause), code))
}
