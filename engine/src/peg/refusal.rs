//! What the rules of the peg refuse; the codes are those of `src/stab3l/peg/errors.py`.

/// Why an operation was not done. Nothing changes when one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// There is nothing to trade.
    AmountZero,
    /// A value does not fit the curve's integers.
    CurveOutOfRange,
    /// A pool may not hold that much.
    ReserveTooLarge,
    /// The terms of a pool are outside what the curve is made for.
    PoolTermsInvalid,
    /// Who trades does not hold that much.
    FundsShort,
}

impl Refusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::AmountZero => "amount_zero",
            Refusal::CurveOutOfRange => "curve_out_of_range",
            Refusal::ReserveTooLarge => "reserve_too_large",
            Refusal::PoolTermsInvalid => "pool_terms_invalid",
            Refusal::FundsShort => "funds_short",
        }
    }
}
