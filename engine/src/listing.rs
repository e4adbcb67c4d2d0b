//! Assets and markets.

use rustc_hash::FxHashMap;

use crate::command::{MarketStatus, MarketTerms};
use crate::instrument::InstrumentId;
use crate::order::{Side, TICKS_MAX};
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::units::*;

const DECIMALS_MAX: u8 = 36;
pub(crate) const FEE_MAX: Ppm = Ppm(100_000);
const LOT_MAX: LotSize = LotSize(10u128.pow(30));
const TICK_MAX: TickSize = TickSize(10u64.pow(18));
const MAX_LOTS_MAX: Lots = Lots(10u64.pow(12));
pub(crate) const BAND_MAX: Ppm = Ppm(1_000_000);

/// A token on a chain and what of it came and left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Asset {
    pub chain: ChainId,
    pub token: Address,
    pub decimals: u8,
    pub credited: Cash,
    pub withdrawn: Cash,
}

/// A market's terms and status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Market {
    pub terms: MarketTerms,
    pub status: MarketStatus,
    /// What the market's fair price is held to be; 0 only of an option.
    pub mark: Option<Ticks>,
    /// What is traded, of a derivative.
    pub instrument: Option<InstrumentId>,
}

impl Market {
    /// The market's mark as records state it: 0 for none.
    pub fn mark_or_zero(&self) -> Ticks {
        self.mark.unwrap_or_default()
    }

    /// Whether a price is within the market's band about its mark.
    #[inline]
    pub fn is_in_band(&self, side: Side, ticks: Ticks) -> bool {
        let Some(mark) = self.mark.filter(|mark| self.terms.band != Ppm(0) && *mark != Ticks(0)) else {
            return true;
        };
        let reach = self.terms.band.of_down(mark);
        match side {
            Side::Buy => ticks.0 <= mark.0 + reach.0,
            Side::Sell => ticks.0 >= mark.0 - reach.0,
        }
    }
}

/// All assets and markets.
#[derive(Clone, Debug, Default)]
pub struct Listings {
    pub(crate) assets: Vec<Asset>,
    asset_ids: FxHashMap<(ChainId, Address), AssetId>,
    pub(crate) markets: Vec<Market>,
    market_ids: FxHashMap<(AssetId, AssetId), MarketId>,
}

impl Listings {
    /// All assets by id.
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// All markets by id.
    #[inline]
    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    /// An asset that must be known.
    pub fn asset(&self, asset: AssetId) -> Result<&Asset, Refusal> {
        self.assets.get(asset.0 as usize).ok_or_else(|| Outcome::AssetUnknown.into())
    }

    /// An asset that a rule has checked.
    pub(crate) fn known_asset(&mut self, asset: AssetId) -> &mut Asset {
        &mut self.assets[asset.0 as usize]
    }

    /// A market that must be known.
    #[inline]
    pub fn market(&self, market: MarketId) -> Result<&Market, Refusal> {
        self.markets.get(market.0 as usize).ok_or_else(|| Outcome::MarketUnknown.into())
    }

    /// Sets whether a market takes orders.
    pub fn set_status(&mut self, market: MarketId, status: MarketStatus) -> Result<(), Refusal> {
        let market = self.markets.get_mut(market.0 as usize).ok_or(Outcome::MarketUnknown)?;
        market.status = status;
        Ok(())
    }

    /// Sets a spot market's mark.
    pub fn set_spot_mark(&mut self, market: MarketId, ticks: Ticks) -> Result<(), Refusal> {
        let market = self.markets.get_mut(market.0 as usize).ok_or(Outcome::MarketUnknown)?;
        refuse_if(market.instrument.is_some(), Outcome::MarketKindWrong)?;
        refuse_if(ticks == Ticks(0), Outcome::PriceZero)?;
        refuse_if(ticks > TICKS_MAX, Outcome::PriceTooLarge)?;
        market.mark = Some(ticks);
        Ok(())
    }

    /// Gives a token an id.
    pub fn register(&mut self, chain: ChainId, token: Address, decimals: u8) -> Result<AssetId, Refusal> {
        refuse_if(self.asset_ids.contains_key(&(chain, token)), Outcome::AssetExists)?;
        refuse_if(decimals > DECIMALS_MAX, Outcome::DecimalsUnsupported)?;
        Ok(self.add_asset(Asset { chain, token, decimals, credited: Cash(0), withdrawn: Cash(0) }))
    }

    pub(crate) fn add_asset(&mut self, asset: Asset) -> AssetId {
        let id = AssetId(u32::try_from(self.assets.len()).expect("fewer than 2^32 assets"));
        self.asset_ids.insert((asset.chain, asset.token), id);
        self.assets.push(asset);
        id
    }

    /// Gives a market an id; it is open at once.
    pub fn list(&mut self, terms: &MarketTerms) -> Result<MarketId, Refusal> {
        self.asset(terms.base)?;
        self.asset(terms.quote)?;
        refuse_if(self.market_ids.contains_key(&(terms.base, terms.quote)), Outcome::MarketExists)?;
        refuse_if(!are_sound(terms), Outcome::MarketInvalid)?;
        Ok(self.add_market(Market {
            terms: *terms,
            status: MarketStatus::Open,
            mark: None,
            instrument: None,
        }))
    }

    pub(crate) fn add_market(&mut self, market: Market) -> MarketId {
        let id = MarketId(u32::try_from(self.markets.len()).expect("fewer than 2^32 markets"));
        if market.instrument.is_none() {
            self.market_ids.insert((market.terms.base, market.terms.quote), id);
        }
        self.markets.push(market);
        id
    }
}

fn are_sound(terms: &MarketTerms) -> bool {
    let sizes = (1..=LOT_MAX.0).contains(&terms.lot.0)
        && (1..=TICK_MAX.0).contains(&terms.tick.0)
        && (1..=MAX_LOTS_MAX.0).contains(&terms.max_lots.0);
    let rates = terms.maker_fee <= FEE_MAX && terms.taker_fee <= FEE_MAX && terms.band <= BAND_MAX;
    terms.base != terms.quote && sizes && rates
}
