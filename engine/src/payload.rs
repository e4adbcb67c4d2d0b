//! The hash of a frame's payload: a Keccak tree over fixed-size chunks, so that many lanes share the work and a contract can
//! check one chunk: `docs/reference/engine.md`, "Hashes".

use crate::keccak::{keccak_each, keccak_many, keccak256};
use crate::units::Hash;

/// Bytes of a chunk; only a payload's last chunk is shorter.
pub const CHUNK_BYTES: usize = 1024;
const NODE_BYTES: usize = 64;

/// The root over the chunks of `payload`; 32 zero bytes for an empty one.
pub fn payload_root(payload: &[u8]) -> Hash {
    match payload.len() {
        0 => Hash::default(),
        1..=CHUNK_BYTES => keccak256(payload),
        _ => payload_roots(&[payload])[0],
    }
}

/// The root of each payload, the lanes shared by the chunks and the nodes of all of them.
pub fn payload_roots(payloads: &[&[u8]]) -> Vec<Hash> {
    let chunks: Vec<&[u8]> = payloads.iter().flat_map(|payload| payload.chunks(CHUNK_BYTES)).collect();
    let mut rest = keccak_each(&chunks).into_iter();
    let mut layers: Vec<Vec<Hash>> = payloads
        .iter()
        .map(|payload| rest.by_ref().take(payload.len().div_ceil(CHUNK_BYTES)).collect())
        .collect();
    let mut empty = Hash::default();
    while layers.iter().any(|layer| layer.len() > 1) {
        climb(&mut layers, &empty);
        empty = node(&empty, &empty);
    }
    layers.iter().map(|layer| layer.first().copied().unwrap_or_default()).collect()
}

/// Replaces each layer of more than one node by the layer above it. What lies beyond a layer is the `empty` subtree.
fn climb(layers: &mut [Vec<Hash>], empty: &Hash) {
    let mut pairs = Vec::new();
    for layer in layers.iter_mut().filter(|layer| layer.len() > 1) {
        if !layer.len().is_multiple_of(2) {
            layer.push(*empty);
        }
        layer.iter().for_each(|hash| pairs.extend_from_slice(&hash.0));
    }
    let mut nodes = keccak_many(&pairs, NODE_BYTES).into_iter();
    for layer in layers.iter_mut().filter(|layer| layer.len() > 1) {
        *layer = nodes.by_ref().take(layer.len() / 2).collect();
    }
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut pair = [0; NODE_BYTES];
    pair[..NODE_BYTES / 2].copy_from_slice(&left.0);
    pair[NODE_BYTES / 2..].copy_from_slice(&right.0);
    keccak256(&pair)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::layers;

    fn padded_root(payload: &[u8]) -> Hash {
        let leaves: Vec<u8> = payload.chunks(CHUNK_BYTES).flat_map(|chunk| keccak256(chunk).0).collect();
        let layers = layers(&leaves);
        Hash(layers[layers.len() - 32..].try_into().unwrap())
    }

    #[test]
    fn the_root_is_that_of_the_tree_padded_with_zero_hashes() {
        let bytes: Vec<u8> = (0..40 * CHUNK_BYTES).map(|i| (i * 131 / 7) as u8).collect();
        let mut payloads = Vec::new();
        for chunks in [0, 1, 2, 3, 4, 5, 7, 8, 9, 17, 33] {
            for extra in [0, 1, 135, 136, 137, 1023] {
                let payload = &bytes[..chunks * CHUNK_BYTES + extra];
                assert_eq!(payload_root(payload), padded_root(payload), "{} bytes", payload.len());
                payloads.push(payload);
            }
        }
        let together = payload_roots(&payloads);
        let one_by_one: Vec<Hash> = payloads.iter().map(|payload| padded_root(payload)).collect();
        assert_eq!(together, one_by_one);
    }

    #[test]
    fn nothing_has_the_zero_hash() {
        assert_eq!(payload_root(&[]), Hash::default());
        assert_eq!(payload_roots(&[&[], b"x", &[]]), [Hash::default(), keccak256(b"x"), Hash::default()]);
    }
}
