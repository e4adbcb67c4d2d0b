//! What tokens are worth outside, and what the oracle says they are worth. Integers only.

use super::spec::{FeedSpec, ValueSpec};
use crate::peg::random::{Random, SIGMA};
use crate::peg::wide::*;

/// A value outside. It moves by `volatility` times a normal draw each block and returns to its anchor.
#[derive(Clone, Debug)]
pub struct Value {
    spec: ValueSpec,
    anchor: u128,
    /// [wad dollars] now.
    pub now: u128,
}

impl Value {
    /// At its start.
    pub fn new(spec: &ValueSpec) -> Value {
        Value { spec: spec.clone(), anchor: spec.start, now: spec.start }
    }

    /// One block; `common` is the common factor's change [wad].
    pub fn step(&mut self, luck: &mut Random, common: i128) {
        let own = scaled(luck.normal(), self.spec.volatility);
        let pull = part(self.anchor as i128 - self.now as i128, self.spec.reversion as i128);
        let change = own + if self.spec.correlated { common } else { 0 };
        let moved = self.now as i128 + part(self.now as i128, change) + pull;
        self.now = moved.max(1) as u128;
    }

    /// Multiplies it, and its anchor if it is to stay there.
    pub fn jump(&mut self, factor: u128, stays: bool) {
        self.now = mul_div_down(self.now, factor, WAD).unwrap_or(self.now).max(1);
        if stays {
            self.anchor = mul_div_down(self.anchor, factor, WAD).unwrap_or(self.anchor).max(1);
        }
    }

    /// Multiplies its volatility.
    pub fn stir(&mut self, factor: u128) {
        self.spec.volatility = mul_div_down(self.spec.volatility, factor, WAD).unwrap_or(u128::MAX);
    }
}

/// A normal draw times a deviation [wad].
pub fn scaled(draw: i128, deviation: u128) -> i128 {
    draw * deviation as i128 / SIGMA
}

/// `value * ratio` for a ratio in [wad], rounded towards zero.
fn part(value: i128, ratio: i128) -> i128 {
    let size = part_down(value.unsigned_abs(), ratio.unsigned_abs()).unwrap_or(0) as i128;
    if (value < 0) == (ratio < 0) { size } else { -size }
}

/// A feed: `Oracle.sol`'s rules, then `triangulation.py`'s for a price that has grown old.
#[derive(Clone, Debug)]
pub struct Feed {
    spec: FeedSpec,
    /// By reporter: the block of a heartbeat in which it reports.
    turns: Vec<u64>,
    reports: Vec<(u128, u64)>,
    anchor: u128,
    answer: u128,
    answered_at: u64,
    answers_until: u64,
    /// Whether the reporters are silent.
    pub silent: bool,
    /// [wad] what honest reports are multiplied with.
    pub factor: u128,
    /// Reports that the oracle refused.
    pub refused: u64,
}

/// A price as it may be used: its value and how far from the truth it may be [wad, both].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Quoted {
    pub value: u128,
    pub band: u128,
}

impl Feed {
    /// A feed whose reporters have just told the truth.
    pub fn new(spec: &FeedSpec, value: u128) -> Feed {
        let reports = vec![(value, 0); spec.reporters];
        let (heartbeat, reporters) = (spec.heartbeat_blocks, spec.reporters as u64);
        let turn = |reporter: u64| (heartbeat - reporter * heartbeat / reporters) % heartbeat;
        Feed {
            spec: spec.clone(),
            turns: (0..reporters).map(turn).collect(),
            reports,
            anchor: value,
            answer: value,
            answered_at: 0,
            answers_until: spec.age_s_max,
            silent: false,
            factor: WAD,
            refused: 0,
        }
    }

    /// One block: the reporters whose turn it is report. Whether the median is new.
    pub fn step(&mut self, luck: impl FnOnce() -> Random, block: u64, now: u64, truth: u128) -> bool {
        let beat = block % self.spec.heartbeat_blocks;
        if self.silent || !self.turns.contains(&beat) {
            return false;
        }
        let (mut luck, mut answered) = (luck(), false);
        for reporter in 0..self.spec.reporters {
            if self.turns[reporter] != beat || luck.chance(self.spec.failure_ppm) {
                continue;
            }
            let off = scaled(luck.normal(), self.spec.error);
            let seen = truth as i128 + part(truth as i128, off);
            let price = mul_div_down(seen.max(0) as u128, self.factor, WAD).unwrap_or(0);
            answered |= self.report(reporter, price, now);
        }
        answered
    }

    fn report(&mut self, reporter: usize, price: u128, now: u64) -> bool {
        let distance = price.abs_diff(self.anchor);
        if price == 0 || product(distance, 10_000) > product(self.anchor, self.spec.deviation_bps_max) {
            self.refused += 1;
            return false;
        }
        self.reports[reporter] = (price, now);
        let mut fresh: Vec<(u128, u64)> =
            self.reports.iter().copied().filter(|(_, at)| at + self.spec.age_s_max >= now).collect();
        if fresh.len() < self.spec.quorum {
            return false;
        }
        fresh.sort_unstable();
        let median = (fresh[(fresh.len() - 1) / 2].0 + fresh[fresh.len() / 2].0) / 2;
        let oldest = fresh.iter().map(|(_, at)| *at).min().unwrap_or(now);
        (self.answer, self.anchor) = (median, median);
        (self.answered_at, self.answers_until) = (now, oldest + self.spec.age_s_max);
        true
    }

    /// The last good price while it may be used, with a band that widens with its age.
    pub fn usable(&self, now: u64) -> Option<Quoted> {
        let age = now - self.answered_at;
        if age > self.spec.stale_s_max {
            return None;
        }
        let late = u128::from(age.saturating_sub(self.spec.age_s_max));
        Some(Quoted { value: self.answer, band: (late * self.spec.band_per_s).min(self.spec.band_max) })
    }

    /// Whether a quorum is fresh.
    pub fn is_fresh(&self, now: u64) -> bool {
        now <= self.answers_until
    }
}
