//! Rows about derivatives and margin.

use ethnum::I256;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};

use crate::due::Due;
use crate::instrument::Instrument;
use crate::margin::{Margin, PortfolioMargin};
use crate::position::Positions;
use crate::underlying::{Underlying, UnderlyingTerms};
use crate::units::*;

pub type UnderlyingRow<'py> = (u32, Bound<'py, PyBytes>, u64, u32, u32, u32, u32, u32, u32, u64, u64, u64);
pub type InstrumentRow = (u32, u32, u8, u64, u64, u128, u64, u8, u64, u64);
pub type PortfolioRow<'py> = (u32, Integer<'py>, Integer<'py>, Vec<Integer<'py>>);
pub type MarginRow<'py> =
    (Integer<'py>, Integer<'py>, Integer<'py>, Integer<'py>, Integer<'py>, u128, Vec<PortfolioRow<'py>>);
pub type TotalsRow<'py> = (u128, u128, Integer<'py>);
pub type DueRow = (u64, u64, u64, Option<u32>);
pub type UnhealthyRow = (Vec<(u32, u32)>, Option<u32>);
type Integer<'py> = Bound<'py, PyAny>;

pub fn underlying_row<'py>(py: Python<'py>, id: u32, underlying: &Underlying) -> UnderlyingRow<'py> {
    let UnderlyingTerms { name, tick, range, basis, initial, short_option, .. } = underlying.terms;
    let UnderlyingTerms { liquidation_fee, liquidation_step, .. } = underlying.terms;
    (
        id,
        PyBytes::new(py, &name),
        tick.0,
        range.0,
        basis.0,
        initial.0,
        short_option.0,
        liquidation_fee.0,
        liquidation_step.0,
        underlying.index_or_zero().0,
        underlying.index_at.0,
        underlying.first_at.0,
    )
}

pub fn instrument_row(instrument: &Instrument, positions: &Positions) -> InstrumentRow {
    let Instrument { market, underlying, kind, expiry, strike, average_sum, .. } = *instrument;
    let (last, settled) = (instrument.last_trade.unwrap_or_default(), instrument.settled);
    let (is_settled, price) = (u8::from(settled.is_some()), settled.unwrap_or_default());
    let interest = positions.open_interest(market);
    (
        market.0,
        underlying.0,
        kind as u8,
        expiry.0,
        strike.0,
        average_sum,
        last.0,
        is_settled,
        price.0,
        interest,
    )
}

pub fn margin_row<'py>(
    py: Python<'py>,
    margin: &Margin,
    debt: Cash,
    portfolios: &[PortfolioMargin],
) -> PyResult<MarginRow<'py>> {
    let number = |value: I256| integer(py, value);
    let portfolios = portfolios.iter().map(|one| portfolio_row(py, one)).collect::<PyResult<_>>()?;
    Ok((
        number(margin.equity)?,
        number(margin.initial)?,
        number(margin.maintenance)?,
        number(margin.reserves)?,
        number(margin.free())?,
        debt.0,
        portfolios,
    ))
}

fn portfolio_row<'py>(py: Python<'py>, one: &PortfolioMargin) -> PyResult<PortfolioRow<'py>> {
    let gains = one.gains.iter().map(|gain| integer(py, *gain)).collect::<PyResult<_>>()?;
    Ok((one.underlying.0, integer(py, one.initial)?, integer(py, one.maintenance)?, gains))
}

pub fn due_row(due: &Due) -> DueRow {
    let time = |at: Option<Nanos>| at.unwrap_or_default().0;
    let expiry = due.expiry;
    (time(due.order), time(due.schedule), time(expiry.map(|(at, _)| at)), expiry.map(|(_, market)| market.0))
}

/// A Python integer of any size.
pub fn integer<'py>(py: Python<'py>, value: I256) -> PyResult<Integer<'py>> {
    py.get_type::<PyInt>().call1((value.to_string(),))
}
