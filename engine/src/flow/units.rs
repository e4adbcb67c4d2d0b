//! Units of a pool. The twin of `src/stab3l/flow/units.py`.

/// Parts in a whole.
pub const BASIS_POINTS: u64 = 10_000;
/// Wei per second that one unit stands for.
pub const QUANTUM: u128 = 1_000_000;
/// Growth from which units are written [bps].
const THRESHOLD_BPS: u128 = 500;

/// Whether new units are worth a write: always when fewer, from the threshold on when more.
pub fn must_write(written: u128, units: u128) -> bool {
    if units <= written {
        return units < written;
    }
    (units - written) * u128::from(BASIS_POINTS) >= written * THRESHOLD_BPS
}

/// Units of the escrow while `rate` [wei per second] flows in: as many as keep each unit at or below the quantum.
pub fn escrow_units_up(rate: u128, sink_units: u128) -> u128 {
    rate.div_ceil(QUANTUM).saturating_sub(sink_units).max(1)
}
