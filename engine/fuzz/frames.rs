//! Frames of the journal from any bytes, as they are and with a checksum that fits: read whole or refused.
//!
//! An encoded state is not fuzzed: a snapshot is believed only when its digest matches (docs/reference/journal.md).
#![no_main]

use _engine::journal::frame::{HEADER, Header, Kind, parse};
use libfuzzer_sys::fuzz_target;

const LENGTH: std::ops::Range<usize> = 32..40;
const CHECKSUM: std::ops::Range<usize> = 44..48;

fuzz_target!(|data: &[u8]| {
    read(data);
    if let Some(fitting) = with_fitting_checksum(data) {
        read(&fitting);
    }
});

fn read(data: &[u8]) {
    for kind in [Kind::Inputs, Kind::Outputs] {
        if let Ok((header, payload)) = parse(kind, data) {
            assert_eq!(Header::read(kind, data), Ok(header));
            assert_eq!(payload.len() as u64, header.payload_length);
            assert_eq!(payload, &data[HEADER..][..payload.len()]);
            assert!(parse(kind, &data[..HEADER + payload.len()]).is_ok(), "what follows does not matter");
        }
    }
}

fn with_fitting_checksum(data: &[u8]) -> Option<Vec<u8>> {
    let length = u64::from_le_bytes(data.get(LENGTH)?.try_into().ok()?);
    let end = HEADER.checked_add(usize::try_from(length).ok()?)?;
    let mut fitting = data.to_vec();
    fitting.get_mut(CHECKSUM)?.fill(0);
    let checksum = crc32c::crc32c(fitting.get(..end)?);
    fitting[CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
    Some(fitting)
}
