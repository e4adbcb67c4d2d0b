//! The smoothed capacity. The twin of `src/stab3l/flow/signal.py`, of sinks that reveal in every epoch.

use super::units::BASIS_POINTS;
use crate::peg::wide::{U256, WAD, narrow, product, widen};

/// Wei per second that a flow can hold at most.
pub const RATE_MAX: u128 = (1 << 95) - 1;
/// Weight of the newest capacity [bps].
const ALPHA_BPS: u64 = 3_000;

/// What a sink's reveals have come to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signal {
    /// Average [wei per second, in the fixed point of 10^18].
    scaled: U256,
    /// Part of the offered work that was not completed.
    miss_bps: u64,
}

impl Signal {
    /// Smoothed capacity [wei per second].
    pub fn capacity(&self) -> u128 {
        narrow(self.scaled / widen(WAD)).expect("an average is at most the largest rate")
    }

    /// One step towards `raw` [wei per second], rounded against the sink; `cap` [wei per second] is what the stake admits.
    pub fn reveal(&mut self, raw: u128, cap: u128) {
        let bps = |value: u64| U256::from(value);
        let counted = product(raw, WAD) * bps(BASIS_POINTS - self.miss_bps) / bps(BASIS_POINTS);
        let blended = if counted >= self.scaled {
            self.scaled + (counted - self.scaled) * bps(ALPHA_BPS) / bps(BASIS_POINTS)
        } else {
            let step = (self.scaled - counted) * bps(ALPHA_BPS);
            self.scaled - (step + bps(BASIS_POINTS - 1)) / bps(BASIS_POINTS)
        };
        self.scaled = blended.min(product(cap, WAD));
    }

    /// The arbiter tells what became of offered work.
    pub fn judge(&mut self, offered: u128, completed: u128) {
        let missed = (offered - completed) * u128::from(BASIS_POINTS);
        self.miss_bps = missed.checked_div(offered).map_or(0, |missed| missed as u64);
    }
}
