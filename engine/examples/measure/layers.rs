//! The layers of the engine, one on top of the other, each driven as fast as it goes.

use std::path::Path;
use std::time::{Duration, Instant};

use _engine::book::Level;
use _engine::engine::{Engine, Options};
use _engine::journal::Durability;
use _engine::journal::frame::{Group, Kind};
use _engine::journal::stream::Stream;
use _engine::order::Side;
use _engine::plain_book::Book;
use _engine::state::{Link, State};
use _engine::units::*;

use crate::wire::{Batches, Encoder, START, opening, seal};
use crate::workload::{Flow, TradesHash, run_all};

const SEGMENT_BYTES: u64 = 64 << 20;

/// How much a timed part did in how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub messages: usize,
    pub took: Duration,
    /// What the thread itself ran, other work on the machine left out.
    pub on_processor: Duration,
}

impl Pace {
    pub fn per_second(self) -> f64 {
        self.messages as f64 / self.took.as_secs_f64()
    }

    pub fn per_processor_second(self) -> f64 {
        self.messages as f64 / self.on_processor.as_secs_f64()
    }
}

/// Runs `work`, which does `messages`.
fn timed(messages: usize, work: impl FnOnce()) -> Pace {
    let (begun, ran) = (Instant::now(), on_processor());
    work();
    Pace { messages, took: begun.elapsed(), on_processor: on_processor() - ran }
}

/// The time that this thread has run.
fn on_processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux process");
    Duration::from_nanos(stat.split(' ').next().and_then(|word| word.parse().ok()).expect("a number"))
}

/// Matching alone, on the plain book.
pub fn matching(flow: &Flow) -> (Pace, TradesHash) {
    let (mut book, mut tape) = (Book::new(), TradesHash::default());
    run_all(&mut book, &flow.filling, &mut tape);
    let pace = timed(flow.actions.len(), || run_all(&mut book, &flow.actions, &mut tape));
    (pace, tape)
}

/// That the state machine accepts every message and ends with the plain book's orders: what is measured is the same work.
pub fn assert_same_book(flow: &Flow, records: &Records) {
    let mut book = Book::new();
    run_all(&mut book, &flow.filling, &mut ());
    run_all(&mut book, &flow.actions, &mut ());
    let mut bare = Bare::opened(records);
    records.measured.iter().for_each(|(batch, now)| bare.run(batch, now));
    assert_eq!(bare.state.books().resting(), book.resting(), "both books hold the same orders");
    for side in [Side::Buy, Side::Sell] {
        let levels = |(level, other): (&Level, &Level)| {
            (level.ticks, level.lots, level.orders) == (other.ticks, other.lots, other.orders)
        };
        assert!(bare.state.books().levels(MarketId(0), side).zip(book.levels(side)).all(levels));
    }
}

/// A flow's records: the opening and what fills the book, then what is measured.
pub struct Records {
    pub opening: Vec<u8>,
    pub filling: Batches,
    /// When the measured part begins.
    pub begun: Nanos,
    pub measured: Batches,
}

impl Records {
    /// Records with `evidence` bytes each, one every `step` nanoseconds, in batches of `batch` messages.
    pub fn of(flow: &Flow, evidence: usize, step: u64, batch: usize) -> Records {
        let mut encoder = Encoder::new(evidence, step);
        let filling = encoder.batches(&flow.filling, 200);
        let begun = Nanos(encoder.now);
        Records { opening: opening(), filling, begun, measured: encoder.batches(&flow.actions, batch) }
    }
}

/// A state machine without journal and without hashes.
pub struct Bare {
    pub state: State,
    events: Vec<u8>,
}

impl Bare {
    pub fn opened(records: &Records) -> Bare {
        let mut bare = Bare { state: State::genesis(), events: Vec::new() };
        bare.run(&records.opening, Nanos(START));
        records.filling.iter().for_each(|(batch, now)| bare.run(batch, now));
        bare
    }

    /// Applies a batch; its link is numbered but not hashed.
    #[inline]
    pub fn run(&mut self, batch: &[u8], now: Nanos) {
        self.events.clear();
        let link = unhashed(&self.state, batch, now);
        self.state.run(&link, batch, &mut self.events);
    }
}

fn unhashed(state: &State, batch: &[u8], now: Nanos) -> Link {
    let record_count = _engine::command::Records::of(batch).count() as u32;
    let first_sequence = state.sequence().next();
    Link {
        first_sequence,
        record_count,
        now: now.max(state.now()),
        previous: state.input_hash(),
        hash: Hash::default(),
    }
}

/// Matching with risk: decoding, checks, holds, client ids, fees, events.
pub fn risk(records: &Records) -> Pace {
    let mut bare = Bare::opened(records);
    timed(records.measured.records, || records.measured.iter().for_each(|(batch, now)| bare.run(batch, now)))
}

/// As [`risk`], with both streams journaled; `together` batches are one group.
pub fn journal(records: &Records, folder: &Path, durability: Durability, together: usize) -> Pace {
    let mut bare = Bare::opened(records);
    let open = |kind| Stream::open(kind, folder, SEGMENT_BYTES, durability).expect("a journal").0;
    let (mut inputs, mut outputs) = (open(Kind::Inputs), open(Kind::Outputs));
    let batches: Vec<(&[u8], Nanos)> = records.measured.iter().collect();
    timed(records.measured.records, || {
        for batches in batches.chunks(together) {
            let mut group = Group::starting_at(Kind::Inputs, inputs.next());
            for (batch, now) in batches {
                let count = _engine::command::Records::of(batch).count() as u32;
                group.push(count, *now, Hash::default(), batch);
            }
            inputs.append(&group, durability).expect("room");
            let mut group = Group::starting_at(Kind::Outputs, outputs.next());
            for (batch, now) in batches {
                bare.run(batch, *now);
                let count = _engine::command::Records::of(batch).count() as u32;
                group.push(count, *now, Hash::default(), &bare.events);
            }
            outputs.append(&group, Durability::PageCache).expect("room");
        }
    })
}

pub fn options(durability: Durability, snapshot_every_records: u64) -> Options {
    Options { durability, segment_bytes: SEGMENT_BYTES, snapshot_every_records }
}

/// An engine whose book is full.
pub fn engine(records: &Records, folder: &Path, options: Options) -> Engine {
    let mut engine = Engine::open(folder, options).expect("an empty journal");
    engine.apply_many(&[&records.opening], Nanos(START)).expect("room");
    records.filling.iter().for_each(|(batch, now)| drop(engine.apply_many(&[batch], now).expect("room")));
    engine
}

/// The whole engine: matching, risk, journal, hash chains, and a sealed block about every `seal_every` messages.
pub fn full(records: &Records, folder: &Path, options: Options, together: usize, seal_every: usize) -> Pace {
    let mut engine = engine(records, folder, options);
    let seal = seal();
    let batches: Vec<(&[u8], Nanos)> = records.measured.iter().collect();
    let groups_per_seal = (seal_every * batches.len() / records.measured.records / together).max(1);
    let pace = timed(records.measured.records, || {
        for (number, group) in batches.chunks(together).enumerate() {
            let now = group[group.len() - 1].1;
            let slices: Vec<&[u8]> = group.iter().map(|(batch, _)| *batch).collect();
            engine.apply_many(&slices, now).expect("room");
            if (number + 1).is_multiple_of(groups_per_seal) {
                engine.apply_many(&[&seal], now).expect("room");
            }
        }
    });
    engine.finish().expect("a snapshot");
    pace
}
