//! Keccak-256 as Ethereum uses it, of one message or of many of equal length at once.

use crate::lanes::{Block, RATE, States, Width, absorb_all, permute_all, permute_one};
use crate::units::Hash;

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

fn last_block(rest: &[u8]) -> Block {
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
    keccak_into(data, width, &mut hashes);
    hashes
}

/// The same, where `hashes` has room for exactly as many.
///
/// # Panics
/// When it has not.
pub fn keccak_into(data: &[u8], width: usize, hashes: &mut [Hash]) {
    assert_eq!(data.len(), width * hashes.len(), "as many messages of {width} bytes as hashes");
    match Width::of_this_machine() {
        Width::Eight => hash_groups::<8>(data, width, hashes, Width::Eight),
        Width::Four => hash_groups::<4>(data, width, hashes, Width::Four),
        Width::One => hash_each(data, width, hashes),
    }
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
    let (rest, hashes) = (messages.remainder(), groups.into_remainder());
    if hashes.len() > 2 {
        let messages: Vec<&[u8]> = rest.chunks_exact(width).collect();
        return hash_queue::<N>(&messages, hashes, lanes);
    }
    hash_each(rest, width, hashes);
}

fn hash_group<const N: usize>(messages: &[u8], width: usize, hashes: &mut [Hash], lanes: Width) {
    let mut states = States::<N>::zero();
    let whole = width / RATE * RATE;
    for start in (0..whole).step_by(RATE) {
        let block = |lane: usize| messages[lane * width + start..].first_chunk().expect("a whole block");
        absorb_all(&mut states, std::array::from_fn(block), lanes);
        permute_all(&mut states, lanes);
    }
    let last: [Block; N] =
        std::array::from_fn(|lane| last_block(&messages[lane * width + whole..(lane + 1) * width]));
    absorb_all(&mut states, last.each_ref(), lanes);
    permute_all(&mut states, lanes);
    for (lane, hash) in hashes.iter_mut().enumerate() {
        *hash = states.hash(lane);
    }
}

/// The hashes of messages of any lengths, each lane taking the next message when it is done with its own.
pub fn keccak_each(messages: &[&[u8]]) -> Vec<Hash> {
    let mut hashes = vec![Hash::default(); messages.len()];
    match Width::of_this_machine() {
        Width::Eight if messages.len() == 2 => hash_queue::<2>(messages, &mut hashes, Width::Eight),
        Width::Eight if messages.len() > 2 => hash_queue::<8>(messages, &mut hashes, Width::Eight),
        Width::Four if messages.len() > 1 => hash_queue::<4>(messages, &mut hashes, Width::Four),
        _ => hashes.iter_mut().zip(messages).for_each(|(hash, message)| *hash = keccak256(message)),
    }
    hashes
}

/// What a lane has yet to absorb: the message's place and its unread part, `None` once its last block went in.
#[derive(Clone, Copy)]
struct Reading<'a> {
    place: usize,
    rest: Option<&'a [u8]>,
}

impl Reading<'_> {
    #[inline]
    fn absorb<const N: usize>(&mut self, states: &mut States<N>, lane: usize) {
        let Some(rest) = self.rest else { return };
        if let Some((block, rest)) = rest.split_at_checked(RATE) {
            absorb_lane(states, lane, block);
            self.rest = Some(rest);
        } else {
            absorb_lane(states, lane, &last_block(rest));
            self.rest = None;
        }
    }
}

fn hash_queue<const N: usize>(messages: &[&[u8]], hashes: &mut [Hash], lanes: Width) {
    let mut states = States::<N>::zero();
    let mut queue =
        messages.iter().enumerate().map(|(place, message)| Reading { place, rest: Some(message) });
    let mut readings: [Option<Reading>; N] = std::array::from_fn(|_| queue.next());
    while readings.iter().any(Option::is_some) {
        for (lane, reading) in readings.iter_mut().enumerate() {
            if let Some(reading) = reading {
                reading.absorb(&mut states, lane);
            }
        }
        permute_all(&mut states, lanes);
        for (lane, reading) in readings.iter_mut().enumerate() {
            if let Some(Reading { place, rest: None }) = *reading {
                hashes[place] = states.take_hash(lane);
                *reading = queue.next();
            }
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
    fn messages_of_any_lengths_agree_with_one_by_one() {
        let messages: Vec<Vec<u8>> = (0..60).map(|i| message((i * i * 37 + i) % 1100)).collect();
        for count in [0, 1, 2, 3, 8, 9, 25, 60] {
            let slices: Vec<&[u8]> = messages[..count].iter().map(Vec::as_slice).collect();
            let expected: Vec<Hash> = slices.iter().map(|message| reference(message)).collect();
            let mut four = vec![Hash::default(); count];
            hash_queue::<4>(&slices, &mut four, Width::One);
            assert_eq!(four, expected);
            assert_eq!(keccak_each(&slices), expected, "{count} messages");
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
        let mut two = States::<2> { words: one_by_one.words.map(|word| [word[1], word[3]]) };
        permute_all(&mut two, Width::of_this_machine());
        permute_all(&mut one_by_one, Width::One);
        assert_eq!(two.words, one_by_one.words.map(|word| [word[1], word[3]]));
    }
}
