//! Keccak-256 as Ethereum uses it, of one message or of many of equal length at once.

use crate::lanes::{States, Width, permute_all, permute_one};
use crate::units::Hash;

const RATE: usize = 136;
const RATE_WORDS: usize = RATE / 8;

/// The hash of `message`.
pub fn keccak256(message: &[u8]) -> Hash {
    let mut state = [0u64; 25];
    let mut blocks = message.chunks_exact(RATE);
    for block in &mut blocks {
        absorb(&mut state, block);
        permute_one(&mut state);
    }
    absorb(&mut state, &last_block(blocks.remainder()));
    permute_one(&mut state);
    let mut hash = Hash::default();
    for (bytes, word) in hash.0.chunks_exact_mut(8).zip(state) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    hash
}

fn absorb(state: &mut [u64; 25], block: &[u8]) {
    for (word, bytes) in state.iter_mut().zip(block.chunks_exact(8)) {
        *word ^= u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    }
}

fn last_block(rest: &[u8]) -> [u8; RATE] {
    let mut block = [0u8; RATE];
    block[..rest.len()].copy_from_slice(rest);
    block[rest.len()] ^= 0x01;
    block[RATE - 1] ^= 0x80;
    block
}

/// The hashes of the messages of `width` bytes that `data` is a concatenation of.
///
/// # Panics
/// When `width` is 0 or does not divide the length of `data`.
pub fn keccak_many(data: &[u8], width: usize) -> Vec<Hash> {
    assert!(width > 0 && data.len().is_multiple_of(width), "whole messages of {width} bytes");
    let mut hashes = vec![Hash::default(); data.len() / width];
    match Width::of_this_machine() {
        Width::Eight => hash_groups::<8>(data, width, &mut hashes, Width::Eight),
        Width::Four => hash_groups::<4>(data, width, &mut hashes, Width::Four),
        Width::One => hash_each(data, width, &mut hashes),
    }
    hashes
}

fn hash_each(data: &[u8], width: usize, hashes: &mut [Hash]) {
    for (hash, message) in hashes.iter_mut().zip(data.chunks_exact(width)) {
        *hash = keccak256(message);
    }
}

fn hash_groups<const N: usize>(data: &[u8], width: usize, hashes: &mut [Hash], lanes: Width) {
    let mut groups = hashes.chunks_exact_mut(N);
    let mut messages = data.chunks_exact(width * N);
    for (group, messages) in (&mut groups).zip(&mut messages) {
        hash_group::<N>(messages, width, group, lanes);
    }
    hash_each(messages.remainder(), width, groups.into_remainder());
}

fn hash_group<const N: usize>(messages: &[u8], width: usize, hashes: &mut [Hash], lanes: Width) {
    let mut states = States::<N>::zero();
    let whole = width / RATE * RATE;
    for start in (0..whole).step_by(RATE) {
        for lane in 0..N {
            let message = lane * width + start;
            absorb_lane(&mut states, lane, &messages[message..message + RATE]);
        }
        permute_all(&mut states, lanes);
    }
    for lane in 0..N {
        absorb_lane(&mut states, lane, &last_block(&messages[lane * width + whole..(lane + 1) * width]));
    }
    permute_all(&mut states, lanes);
    for (lane, hash) in hashes.iter_mut().enumerate() {
        for (bytes, word) in hash.0.chunks_exact_mut(8).zip(&states.words) {
            bytes.copy_from_slice(&word[lane].to_le_bytes());
        }
    }
}

#[inline]
fn absorb_lane<const N: usize>(states: &mut States<N>, lane: usize, block: &[u8]) {
    for (word, bytes) in states.words[..RATE_WORDS].iter_mut().zip(block.chunks_exact(8)) {
        word[lane] ^= u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tiny_keccak::Hasher;

    fn reference(message: &[u8]) -> Hash {
        let mut hash = Hash::default();
        let mut keccak = tiny_keccak::Keccak::v256();
        keccak.update(message);
        keccak.finalize(&mut hash.0);
        hash
    }

    fn message(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 131 + length * 7) as u8).collect()
    }

    #[test]
    fn every_length_around_the_block_size_agrees_with_the_reference() {
        for length in 0..=3 * RATE + 1 {
            assert_eq!(keccak256(&message(length)), reference(&message(length)), "{length} bytes");
        }
    }

    #[test]
    fn many_at_once_agree_with_one_by_one_at_every_width_and_count() {
        for width in [1, 32, 64, 135, 136, 137, 160, 192, 272, 300] {
            for count in [0, 1, 3, 4, 7, 8, 9, 17] {
                let data = message(width * count);
                let expected: Vec<Hash> = data.chunks_exact(width).map(reference).collect();
                let mut four = vec![Hash::default(); count];
                hash_groups::<4>(&data, width, &mut four, Width::One);
                assert_eq!(four, expected);
                assert_eq!(keccak_many(&data, width), expected, "{count} x {width} bytes");
            }
        }
    }

    #[test]
    fn every_width_of_this_machine_permutes_alike() {
        let mut lanes = States::<4>::zero();
        lanes
            .words
            .iter_mut()
            .flatten()
            .enumerate()
            .for_each(|(i, word)| *word = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut one_by_one = lanes.clone();
        let width = if Width::of_this_machine() == Width::One { Width::One } else { Width::Four };
        permute_all(&mut lanes, width);
        permute_all(&mut one_by_one, Width::One);
        assert_eq!(lanes.words, one_by_one.words);
    }
}
