//! Applying batches in groups, so that their payloads are hashed together.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::command::{KIND_SEAL, kind_of};
use crate::failure::Failure;
use crate::journal::reader::Frame;
use crate::payload::payload_roots;
use crate::state::{Chained, Link, State};
use crate::units::Hash;

/// A batch that was applied: its link, the output chain before it, its events.
#[allow(missing_docs)]
pub struct Applied {
    pub link: Link,
    pub previous: Hash,
    pub events: Vec<u8>,
}

/// The links of the frames that follow a state.
///
/// # Errors
/// [`Failure::Corrupt`] when a frame does not continue the chain before it.
pub fn linked<'a>(state: &State, frames: &'a [Frame]) -> Result<Vec<(Link, &'a [u8])>, Failure> {
    let payloads: Vec<&[u8]> = frames.iter().map(|frame| frame.payload.as_slice()).collect();
    let (mut sequence, mut time, mut chain) = (state.sequence().next(), state.now(), state.input_hash());
    let mut group = Vec::with_capacity(frames.len());
    for (frame, root) in frames.iter().zip(payload_roots(&payloads)) {
        let header = &frame.header;
        let link = Link::of(&frame.payload, &root, sequence, header.now.max(time), chain);
        let expected = (header.first_sequence, header.record_count, header.now, header.previous);
        if expected != (link.first_sequence, link.record_count, link.now, link.previous) {
            return Err(frame.corrupt("the frame does not continue the chain before it"));
        }
        (sequence, time, chain) = (link.next_sequence(), link.now, link.hash);
        group.push((link, frame.payload.as_slice()));
    }
    Ok(group)
}

/// Applies batches in order. Their events are hashed together, except that a seal needs the chain before it.
pub fn apply_group(state: &mut State, group: &[(Link, &[u8])]) -> Result<Vec<Applied>, Failure> {
    let mut done: Vec<Applied> = Vec::with_capacity(group.len());
    let mut chained = 0;
    for (link, batch) in group {
        if kind_of(batch) == KIND_SEAL {
            chain(state, &mut done[chained..]);
            chained = done.len();
        }
        let (previous, mut events) = (state.output_chain(), Vec::with_capacity(events_expected(batch)));
        let sealed = run(state, link, batch, &mut events)? == Chained::Done;
        done.push(Applied { link: *link, previous, events });
        chained += usize::from(sealed);
    }
    chain(state, &mut done[chained..]);
    Ok(done)
}

/// Events of orders are about twice as long as the orders.
fn events_expected(batch: &[u8]) -> usize {
    2 * batch.len() + 256
}

/// Chains the events of batches that ran, and notes the chain before each.
fn chain(state: &mut State, ran: &mut [Applied]) {
    let events: Vec<&[u8]> = ran.iter().map(|applied| applied.events.as_slice()).collect();
    let before = state.extend_output_chain(&events);
    ran.iter_mut().zip(before).for_each(|(applied, before)| applied.previous = before);
}

/// Applies a batch; a broken invariant becomes a failure, not the end of the process.
pub fn run(state: &mut State, link: &Link, batch: &[u8], events: &mut Vec<u8>) -> Result<Chained, Failure> {
    catch_unwind(AssertUnwindSafe(|| state.run(link, batch, events))).map_err(|panic| {
        let text =
            panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let reason = text.unwrap_or("a panic without a message").to_owned();
        Failure::Defect { sequence: link.first_sequence.0, reason }
    })
}
