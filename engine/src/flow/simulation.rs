//! Epochs of backpressure payments: the twin of `Backpressure` in `src/stab3l/sim/flow/sharing.py` and of the loop around
//! it in `run.py`. Capacities and demand come from outside, so both see the same world.

use std::collections::VecDeque;

use super::distribution::Distribution;
use super::fifo::Fifo;
use super::signal::{RATE_MAX, Signal};
use super::units::{BASIS_POINTS, QUANTUM, escrow_units_up, must_write};

const EPOCH_SECONDS: u64 = 300;
/// Work that waits longer at a sink is given up.
const PATIENCE_EPOCHS: usize = 4;
/// Epochs that the arbiter looks at together.
const JUDGED_EPOCHS: u64 = 12;
/// Who completes less of what it was offered [bps] is slashed.
const COMPLETION_BPS_MIN: u128 = 6_000;

/// Who takes part.
#[derive(Clone, Copy, Debug)]
pub struct SinkSpec {
    /// What it says, in times of what it can do; above 1 it is a liar.
    pub says_times: u64,
    /// What its stake admits [wei per second].
    pub cap: u128,
}

#[derive(Clone, Debug)]
struct Sink {
    spec: SinkSpec,
    signal: Signal,
    said: u128,
    asked: u128,
    done: u128,
    slashed: bool,
    queue: VecDeque<u128>,
    before: u128,
}

impl Sink {
    fn new(spec: SinkSpec) -> Sink {
        let signal = Signal::default();
        Sink { spec, signal, said: 0, asked: 0, done: 0, slashed: false, queue: VecDeque::new(), before: 0 }
    }

    fn waiting(&self) -> u128 {
        self.queue.iter().sum()
    }

    /// An honest sink takes off what it has yet to do; a liar takes nothing off.
    fn says(&self, can: u128) -> u128 {
        let said = can * u128::from(self.spec.says_times);
        let busy = if self.spec.says_times > 1 { 0 } else { self.waiting() / u128::from(EPOCH_SECONDS) };
        said.saturating_sub(busy).min(RATE_MAX)
    }

    /// Works off the oldest first: (completed, given up).
    fn serve(&mut self, can: u128, new: u128) -> (u128, u128) {
        self.queue.push_back(new);
        let most = can * u128::from(EPOCH_SECONDS);
        let (mut left, mut failed) = (most, 0);
        while left > 0
            && let Some(first) = self.queue.front_mut()
        {
            let taken = left.min(*first);
            *first -= taken;
            left -= taken;
            if *first == 0 {
                self.queue.pop_front();
            }
        }
        while self.queue.len() > PATIENCE_EPOCHS {
            failed += self.queue.pop_front().unwrap_or(0);
        }
        (most - left, failed)
    }
}

/// What a run has come to. Work is in wei.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// All that was asked for.
    pub demanded: u128,
    /// What sinks gave up.
    pub failed: u128,
    /// Work given to liars.
    pub paid_to_liars: u128,
    /// What any sink was paid above its smoothed capacity.
    pub overpaid: u128,
    /// By step.
    pub completed: Vec<u128>,
    /// Held back and queued, after each step.
    pub backlogs: Vec<u128>,
}

/// The world of one task type.
#[derive(Clone, Debug)]
pub struct World {
    sinks: Vec<Sink>,
    arbiter: bool,
    pool: Distribution,
    escrow: Fifo,
    epoch: u64,
    taken: u128,
    track: Track,
}

impl World {
    /// Before the first epoch.
    pub fn new(sinks: &[SinkSpec], arbiter: bool) -> World {
        World {
            sinks: sinks.iter().map(|&spec| Sink::new(spec)).collect(),
            arbiter,
            pool: Distribution::new(sinks.len() + 1),
            escrow: Fifo::default(),
            epoch: 1,
            taken: 0,
            track: Track::default(),
        }
    }

    /// One epoch: `capacities` [wei per second], one for each sink, and the demand [wei per second].
    pub fn step(&mut self, capacities: &[u128], demand: u128) {
        self.epoch += 1;
        self.reveal(capacities);
        self.stream(demand);
        for (place, sink) in self.sinks.iter_mut().enumerate() {
            sink.before = self.pool.received(place);
        }
        self.pool.pass(EPOCH_SECONDS);
        self.take_in();
        self.drain();
        self.track.demanded += demand * u128::from(EPOCH_SECONDS);
        self.work(capacities);
        if self.arbiter && self.epoch.is_multiple_of(JUDGED_EPOCHS) {
            self.judge();
        }
    }

    fn escrow_place(&self) -> usize {
        self.sinks.len()
    }

    fn reveal(&mut self, capacities: &[u128]) {
        for (place, (sink, &can)) in self.sinks.iter_mut().zip(capacities).enumerate() {
            sink.said = sink.says(can);
            sink.signal.reveal(sink.said, if sink.slashed { 0 } else { sink.spec.cap });
            let units = sink.signal.capacity() / QUANTUM;
            if must_write(self.pool.units_of(place), units) {
                self.pool.set_units(place, units);
            }
        }
    }

    fn stream(&mut self, rate: u128) {
        let escrow = self.escrow_place();
        let sinks = self.pool.total_units() - self.pool.units_of(escrow);
        self.pool.set_units(escrow, escrow_units_up(rate, sinks));
        self.pool.set_rate(rate);
        let flows = self.pool.rate() + self.pool.adjustment();
        self.pool.set_units(escrow, escrow_units_up(flows, sinks));
    }

    fn take_in(&mut self) {
        let received = self.pool.received(self.escrow_place());
        self.escrow.absorb(received - self.taken);
        self.taken = received;
    }

    fn drain(&mut self) {
        let units = self.pool.total_units() - self.pool.units_of(self.escrow_place());
        let used: u128 =
            self.sinks.iter().enumerate().map(|(place, sink)| self.pool.received(place) - sink.before).sum();
        let spare = (units * QUANTUM * u128::from(EPOCH_SECONDS)).saturating_sub(used);
        let given = self.pool.give(spare.min(self.escrow.reachable()));
        self.escrow.drain(given);
        self.take_in();
    }

    fn work(&mut self, capacities: &[u128]) {
        let (mut completed, mut waiting) = (0, 0);
        for (place, (sink, &can)) in self.sinks.iter_mut().zip(capacities).enumerate() {
            let given = self.pool.received(place) - sink.before;
            let most = sink.signal.capacity() * u128::from(EPOCH_SECONDS);
            self.track.overpaid += given.saturating_sub(most);
            let (done, failed) = sink.serve(can, given);
            sink.asked += given;
            sink.done += done;
            completed += done;
            waiting += sink.waiting();
            self.track.failed += failed;
            if sink.spec.says_times > 1 {
                self.track.paid_to_liars += given;
            }
        }
        self.track.completed.push(completed);
        self.track.backlogs.push(self.escrow.level() + waiting);
    }

    /// A fault weighs on the next signals, a grave one ends the sink. Who was offered less than an epoch's work, or says
    /// that it can do nothing, is not judged.
    fn judge(&mut self) {
        for sink in &mut self.sinks {
            let (asked, done) = (sink.asked, sink.done);
            (sink.asked, sink.done) = (0, 0);
            if sink.said == 0 || asked < sink.said * u128::from(EPOCH_SECONDS) {
                continue;
            }
            sink.signal.judge(asked, done.min(asked));
            sink.slashed |= done * u128::from(BASIS_POINTS) < asked * COMPLETION_BPS_MIN;
        }
    }

    /// What came of it so far.
    pub fn track(&self) -> &Track {
        &self.track
    }

    /// (smoothed capacity, units, received) of each sink.
    pub fn sinks(&self) -> Vec<(u128, u128, u128)> {
        let row = |(place, sink): (usize, &Sink)| {
            (sink.signal.capacity(), self.pool.units_of(place), self.pool.received(place))
        };
        self.sinks.iter().enumerate().map(row).collect()
    }

    /// What the escrow holds.
    pub fn escrow_level(&self) -> u128 {
        self.escrow.level()
    }
}
