//! What the engine answers to a command: `docs/reference/engine.md`, "Outcomes, in order of precedence".

/// The closed list of answers. A command that breaks several rules answers with the first; codes never change meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
#[allow(missing_docs)] // the names are the table's; the page explains each
pub enum Outcome {
    Accepted = 0,
    Malformed = 1,
    KindUnknown = 2,
    AccountUnknown = 3,
    RequestExpired = 4,
    RequestTooFar = 5,
    ClientIdZero = 6,
    ClientIdReused = 7,
    AssetUnknown = 8,
    AssetExists = 9,
    DecimalsUnsupported = 10,
    MarketUnknown = 11,
    MarketExists = 12,
    MarketInvalid = 13,
    MarketHalted = 14,
    OrderUnknown = 15,
    QuantityZero = 16,
    QuantityTooLarge = 17,
    PriceZero = 18,
    PriceTooLarge = 19,
    NotionalOverflow = 20,
    AmountZero = 21,
    AmountTooLarge = 22,
    RecipientZero = 23,
    OwnerZero = 24,
    DepositDuplicate = 25,
    DepositGap = 26,
    FundsShort = 27,
    SealNotAlone = 28,
    NothingToSeal = 29,
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
pub fn refuse_if(broken: bool, outcome: Outcome) -> Result<(), Refusal> {
    if broken { Err(outcome.into()) } else { Ok(()) }
}
