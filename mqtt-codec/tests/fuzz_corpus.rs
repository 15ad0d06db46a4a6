//! What the fuzz targets start from, and what they found, on stable.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

#[test]
fn the_corpus_of_decode_is_replayed() {
    replay("decode", mqtt_codec::fuzzing::decode);
}

#[test]
fn the_corpus_of_decode_encode_decode_is_replayed() {
    replay(
        "decode_encode_decode",
        mqtt_codec::fuzzing::decode_encode_decode,
    );
}

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(
        files.len() >= 40,
        "{} has only {} files",
        folder.display(),
        files.len()
    );
    for file in files {
        println!("{}", file.display());
        body(&fs::read(file).unwrap());
    }
}
