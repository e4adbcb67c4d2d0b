//! The EIP-712 digest of an `Order`, out of the body of a `place` record and its owner's address.

use std::sync::LazyLock;

use crate::keccak::{keccak_many, keccak256};
use crate::units::Hash;

/// The bytes of a `place` body (`docs/reference/engine.md`, "Commands").
pub const BODY_BYTES: usize = 64;
/// The bytes of an owner's address.
pub const ADDRESS_BYTES: usize = 20;

const TYPE: &[u8] = b"Order(address account,uint32 market,uint64 clientId,uint64 expiresAt,uint64 ticks,\
uint64 lots,uint8 side,uint8 orderType,uint8 timeInForce,uint8 instructions,uint8 selfTrade,uint16 label,\
uint64 goodTill,uint64 triggerTicks)";
/// Where each field after the account's number stands in the body, and its bytes, in the order of `TYPE`.
const FIELDS: [(usize, usize); 13] = [
    (4, 4),
    (8, 8),
    (16, 8),
    (24, 8),
    (32, 8),
    (40, 1),
    (41, 1),
    (42, 1),
    (43, 1),
    (44, 1),
    (46, 2),
    (48, 8),
    (56, 8),
];
const WORD: usize = 32;
const STRUCT_BYTES: usize = WORD * (2 + FIELDS.len());
const SIGNED_BYTES: usize = 2 + 2 * WORD;

static TYPE_HASH: LazyLock<Hash> = LazyLock::new(|| keccak256(TYPE));

/// What the owner of the orders signs for each of them (EIP-712, "encode"), under the hash of a domain.
///
/// # Panics
/// When `bodies` are not whole bodies.
pub fn digests(domain: &Hash, owner: &[u8; ADDRESS_BYTES], bodies: &[u8]) -> Vec<Hash> {
    assert!(bodies.len().is_multiple_of(BODY_BYTES), "whole bodies of {BODY_BYTES} bytes");
    let mut structs = vec![0; bodies.len() / BODY_BYTES * STRUCT_BYTES];
    for (words, body) in structs.chunks_exact_mut(STRUCT_BYTES).zip(bodies.chunks_exact(BODY_BYTES)) {
        write_struct(words, owner, body);
    }
    let hashes = keccak_many(&structs, STRUCT_BYTES);
    let mut signed = vec![0; hashes.len() * SIGNED_BYTES];
    for (message, hash) in signed.chunks_exact_mut(SIGNED_BYTES).zip(&hashes) {
        message[..2].copy_from_slice(b"\x19\x01");
        message[2..2 + WORD].copy_from_slice(&domain.0);
        message[2 + WORD..].copy_from_slice(&hash.0);
    }
    keccak_many(&signed, SIGNED_BYTES)
}

fn write_struct(words: &mut [u8], owner: &[u8; ADDRESS_BYTES], body: &[u8]) {
    words[..WORD].copy_from_slice(&TYPE_HASH.0);
    words[2 * WORD - ADDRESS_BYTES..2 * WORD].copy_from_slice(owner);
    for (word, (at, size)) in words[2 * WORD..].chunks_exact_mut(WORD).zip(FIELDS) {
        let field = &body[at..at + size];
        word.iter_mut().rev().zip(field).for_each(|(byte, little)| *byte = *little);
    }
}
