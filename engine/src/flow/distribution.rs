//! A distribution pool as Superfluid does its arithmetic, with one source. The twin of `src/stab3l/flow/distribution.py`.

/// A member's units and what it was given.
#[derive(Clone, Copy, Debug, Default)]
struct Member {
    units: u128,
    settled: u128,
    index: u128,
}

/// One pool. Times are seconds, rates wei per second, amounts wei.
#[derive(Clone, Debug)]
pub struct Distribution {
    now: u64,
    total_units: u128,
    rate_per_unit: u128,
    adjustment: u128,
    source_rate: u128,
    index: u128,
    members: Vec<Member>,
}

impl Distribution {
    /// A pool of so many members without units.
    pub fn new(members: usize) -> Distribution {
        Distribution {
            now: 0,
            total_units: 0,
            rate_per_unit: 0,
            adjustment: 0,
            source_rate: 0,
            index: 0,
            members: vec![Member::default(); members],
        }
    }

    /// Units of all members.
    pub fn total_units(&self) -> u128 {
        self.total_units
    }

    /// Units of a member.
    pub fn units_of(&self, member: usize) -> u128 {
        self.members[member].units
    }

    /// Wei per second to all members.
    pub fn rate(&self) -> u128 {
        self.rate_per_unit * self.total_units
    }

    /// Wei per second that do not divide by the units and flow to the admin.
    pub fn adjustment(&self) -> u128 {
        self.adjustment
    }

    /// All that a member was ever given.
    pub fn received(&self, member: usize) -> u128 {
        let found = &self.members[member];
        found.settled + found.units * (self.index - found.index)
    }

    /// Time passes.
    pub fn pass(&mut self, seconds: u64) {
        self.now += seconds;
        self.index += self.rate_per_unit * u128::from(seconds);
    }

    /// Changes one member; the stream is divided anew and its remainder added to the adjustment.
    pub fn set_units(&mut self, member: usize, units: u128) {
        let rate = self.rate();
        let settled = self.received(member);
        let found = &mut self.members[member];
        self.total_units = self.total_units - found.units + units;
        *found = Member { units, settled, index: self.index };
        self.rate_per_unit = rate.checked_div(self.total_units).unwrap_or(0);
        self.adjustment += rate - self.rate();
    }

    /// Sets the source's stream; the adjustment is taken up with it as far as it divides.
    pub fn set_rate(&mut self, requested: u128) {
        let (before, old) = (self.rate() + self.adjustment, self.source_rate);
        let wanted = before + requested - old;
        self.rate_per_unit = wanted.checked_div(self.total_units).unwrap_or(0);
        // Negative: more has to stay with the admin than the source sends.
        let (held, spent) = (old + self.rate(), before);
        self.adjustment = spent.saturating_sub(held);
        self.source_rate = held.saturating_sub(spent);
    }

    /// Distributes at once what of `amount` divides by the units; that much.
    pub fn give(&mut self, amount: u128) -> u128 {
        let each = amount.checked_div(self.total_units).unwrap_or(0);
        self.index += each;
        each * self.total_units
    }
}
