use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::reason_code::ConnectReasonCode;
use crate::trace::Shape;
use crate::{Field, PacketType, ReasonCode, Version, variable_byte_integer};

/// The value of a field for people.
pub(super) fn value(
    version: Version,
    packet_type: Option<PacketType>,
    field: Option<Field>,
    shape: Shape,
    bytes: &[u8],
) -> String {
    let byte = match bytes {
        [byte] => *byte,
        _ => return by_shape(shape, bytes),
    };
    match field {
        Some(Field::PacketTypeAndFlags) => type_and_flags(byte),
        Some(Field::ConnectFlags) => connect_flags(byte),
        Some(Field::ConnectAcknowledgeFlags) => or_none(joined([
            set(byte, 0x01, "Session Present"),
            reserved(byte & 0xFE),
        ])),
        Some(Field::ReasonCode) => reason_code(version, packet_type, byte),
        Some(Field::SubscriptionOptions) => subscription_options(version, byte),
        Some(Field::PropertyIdentifier) => match Field::from_property_identifier(byte) {
            Some(property) => property.to_string(),
            None => format!("{byte:#04x}, of no property"),
        },
        _ => by_shape(shape, bytes),
    }
}

fn by_shape(shape: Shape, bytes: &[u8]) -> String {
    match shape {
        Shape::Byte | Shape::TwoByteInteger | Shape::FourByteInteger => bytes
            .iter()
            .fold(0, |number: u64, &byte| number << 8 | u64::from(byte))
            .to_string(),
        Shape::VariableByteInteger => match variable_byte_integer::read(bytes) {
            Ok(Some((number, _))) => number.to_string(),
            Ok(None) | Err(_) => String::new(),
        },
        Shape::Text => match core::str::from_utf8(bytes) {
            Ok(text) => format!("{text:?}"),
            Err(_) => "ill-formed UTF-8".to_string(),
        },
        Shape::Binary | Shape::Payload => match core::str::from_utf8(bytes) {
            Ok(text) if !text.contains(char::is_control) => format!("{text:?}"),
            Ok(_) | Err(_) => format!("{} bytes", bytes.len()),
        },
    }
}

fn type_and_flags(byte: u8) -> String {
    let Some(packet_type) = PacketType::from_bits(byte >> 4) else {
        return "reserved".to_string();
    };
    let low = byte & 0x0F;
    if packet_type == PacketType::Publish {
        let qos = format!("PUBLISH, QoS {}", low >> 1 & 3);
        return joined([Some(qos), set(low, 0x08, "DUP"), set(low, 0x01, "RETAIN")]);
    }
    if low == packet_type.reserved_flags() {
        packet_type.to_string()
    } else {
        format!("{packet_type}, flags {low:04b}")
    }
}

fn connect_flags(byte: u8) -> String {
    let will_qos = byte >> 3 & 3;
    let qos = (byte & 0x04 != 0 || will_qos != 0).then(|| format!("Will QoS {will_qos}"));
    let names = [
        set(byte, 0x80, "User Name"),
        set(byte, 0x40, "Password"),
        set(byte, 0x20, "Will Retain"),
        qos,
        set(byte, 0x04, "Will"),
        set(byte, 0x02, "Clean Start"),
        set(byte, 0x01, "reserved"),
    ];
    or_none(joined(names))
}

fn subscription_options(version: Version, byte: u8) -> String {
    let qos = Some(format!("QoS {}", byte & 3));
    if !version.has_properties() {
        return joined([qos, reserved(byte & 0xFC)]);
    }
    joined([
        qos,
        set(byte, 0x04, "No Local"),
        set(byte, 0x08, "Retain As Published"),
        Some(format!("Retain Handling {}", byte >> 4 & 3)),
        reserved(byte & 0xC0),
    ])
}

fn reason_code(version: Version, packet_type: Option<PacketType>, byte: u8) -> String {
    let code = match packet_type {
        Some(PacketType::Connack) if !version.has_properties() => {
            ConnectReasonCode::from_return_code(byte).map(ReasonCode::from)
        }
        Some(_) | None => ReasonCode::from_byte(byte),
    };
    match (code, packet_type) {
        (Some(ReasonCode::Success), Some(PacketType::Disconnect)) => {
            "Normal disconnection".to_string()
        }
        (Some(ReasonCode::Success), Some(PacketType::Suback)) => "Granted QoS 0".to_string(),
        (Some(code), _) => code.name().to_string(),
        (None, _) => format!("{byte:#04x}, no such code"),
    }
}

fn set(byte: u8, bit: u8, name: &str) -> Option<String> {
    (byte & bit != 0).then(|| name.to_string())
}

fn reserved(bits: u8) -> Option<String> {
    (bits != 0).then(|| format!("reserved {bits:#010b}"))
}

fn or_none(names: String) -> String {
    if names.is_empty() {
        "none".to_string()
    } else {
        names
    }
}

fn joined<const N: usize>(names: [Option<String>; N]) -> String {
    names.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
