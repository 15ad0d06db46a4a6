//! The types of values, with examples.

/// How a property's value is written. Standard: MQTT 5.0 §1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireType {
    Byte,
    TwoByteInteger,
    FourByteInteger,
    VariableByteInteger,
    Utf8String,
    Utf8StringPair,
    BinaryData,
}

impl WireType {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "Byte" => Self::Byte,
            "Two Byte Integer" => Self::TwoByteInteger,
            "Four Byte Integer" => Self::FourByteInteger,
            "Variable Byte Integer" => Self::VariableByteInteger,
            "UTF-8 Encoded String" => Self::Utf8String,
            "UTF-8 String Pair" => Self::Utf8StringPair,
            "Binary Data" => Self::BinaryData,
            other => panic!("no type: {other}"),
        }
    }

    /// The highest number; none for what is no number.
    pub(crate) fn maximum(self) -> Option<u32> {
        match self {
            Self::Byte => Some(0xFF),
            Self::TwoByteInteger => Some(0xFFFF),
            Self::FourByteInteger => Some(u32::MAX),
            Self::VariableByteInteger => Some(268_435_455),
            Self::Utf8String | Self::Utf8StringPair | Self::BinaryData => None,
        }
    }

    /// A number of this type.
    pub(crate) fn number(self, number: u32) -> Vec<u8> {
        match self {
            Self::Byte => vec![u8::try_from(number).unwrap()],
            Self::TwoByteInteger => u16::try_from(number).unwrap().to_be_bytes().to_vec(),
            Self::FourByteInteger => number.to_be_bytes().to_vec(),
            Self::VariableByteInteger => variable(number),
            Self::Utf8String | Self::Utf8StringPair | Self::BinaryData => {
                panic!("{self:?} is no number")
            }
        }
    }

    /// Values that are no numbers.
    pub(crate) fn texts(self) -> Vec<Vec<u8>> {
        let texts: &[&[u8]] = match self {
            Self::Utf8String => &[b"\0\0", b"\0\x01m", b"\0\x04+\xC3\xA9#"],
            Self::Utf8StringPair => &[b"\0\0\0\0", b"\0\x01k\0\x01v", b"\0\x02\xC3\xA9\0\0"],
            Self::BinaryData => &[b"\0\0", b"\0\x03\0\xFFa"],
            Self::Byte
            | Self::TwoByteInteger
            | Self::FourByteInteger
            | Self::VariableByteInteger => &[],
        };
        texts.iter().map(|text| text.to_vec()).collect()
    }

    /// What has the length of a value and is none: strings that are not UTF-8 or have U+0000, integers that are too long.
    pub(crate) fn ill_formed(self) -> Vec<Vec<u8>> {
        let bad_texts: [&[u8]; 5] = [
            b"\0\x01\xC3",             // cut within a character
            b"\0\x02\xC0\xAF",         // longer than it needs to be
            b"\0\x03\xED\xA0\x80",     // a surrogate
            b"\0\x04\xF4\x90\x80\x80", // above U+10FFFF
            b"\0\x02a\0",              // U+0000
        ];
        match self {
            Self::Utf8String => bad_texts.iter().map(|text| text.to_vec()).collect(),
            Self::Utf8StringPair => bad_texts
                .iter()
                .flat_map(|text| {
                    [
                        [text, &b"\0\x01v"[..]].concat(),
                        [b"\0\x01k", *text].concat(),
                    ]
                })
                .collect(),
            Self::VariableByteInteger => {
                vec![b"\x81\0".to_vec(), b"\xFF\xFF\xFF\xFF\x01".to_vec()]
            }
            Self::Byte | Self::TwoByteInteger | Self::FourByteInteger | Self::BinaryData => vec![],
        }
    }
}

/// A Variable Byte Integer. Standard: MQTT 5.0 §1.5.5.
pub(super) fn variable(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number % 128).unwrap();
        number /= 128;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
