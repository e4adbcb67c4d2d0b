//! What the engine answers to a command: `docs/reference/engine.md`, "Outcomes, in order of precedence".

macro_rules! outcomes {
    ($($name:ident),* $(,)?) => {
        /// The closed list of answers, in order of precedence: a command that breaks several rules answers with the first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u16)]
        #[allow(missing_docs)] // the names are the table's; the page explains each
        pub enum Outcome { $($name),* }

        impl Outcome {
            /// Every answer, by code.
            pub const ALL: &[Outcome] = &[$(Outcome::$name),*];
        }
    };
}

outcomes! {
    Accepted,
    Malformed,
    KindUnknown,
    AccountUnknown,
    RequestExpired,
    RequestTooFar,
    ClientIdZero,
    ClientIdReused,
    AssetUnknown,
    AssetExists,
    DecimalsUnsupported,
    UnderlyingUnknown,
    UnderlyingInvalid,
    SettlementAssetOther,
    MarketUnknown,
    MarketExists,
    MarketInvalid,
    MarketKindWrong,
    MarketHalted,
    MarketExpired,
    MarketNotDue,
    MarketUnpriced,
    OrderUnknown,
    OrderNotAmendable,
    QuantityZero,
    QuantityTooLarge,
    PriceZero,
    PriceTooLarge,
    PriceOutsideBand,
    NotionalOverflow,
    GoodTillPast,
    ReduceOnlyRefused,
    ProtectionActive,
    PostOnlyWouldTake,
    FillOrKillShort,
    AmountZero,
    AmountTooLarge,
    RecipientZero,
    OwnerZero,
    DepositDuplicate,
    DepositGap,
    FundsShort,
    MarginShort,
    ReserveShort,
    TimePast,
    SealNotAlone,
    NothingToSeal,
}

/// A refused command: why, and the id of what it repeats (0 except for [`Outcome::ClientIdReused`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The answer's code.
    pub outcome: Outcome,
    /// The order or withdrawal that the request's client id already made.
    pub id: u64,
}

impl From<Outcome> for Refusal {
    fn from(outcome: Outcome) -> Refusal {
        Refusal { outcome, id: 0 }
    }
}

/// `Err(outcome)` when a rule is broken.
#[inline(always)]
pub fn refuse_if(broken: bool, outcome: Outcome) -> Result<(), Refusal> {
    if broken { Err(outcome.into()) } else { Ok(()) }
}
