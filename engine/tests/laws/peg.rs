//! The peg's arithmetic against plain big integers, and law I9 on the curve itself.

use _engine::peg::curve::{Slope, target_down, target_up, trade_down};
use _engine::peg::division::Divisor;
use _engine::peg::halves::{Halves, narrow_product, times_digit};
use _engine::peg::pool::{State, Terms, sell};
use _engine::peg::wide::*;
use proptest::prelude::*;

type U512 = ruint::Uint<512, 8>;

fn any_size() -> impl Strategy<Value = u128> {
    (any::<u128>(), 0u32..128).prop_map(|(bits, shift)| bits >> shift)
}

/// Values at which digits and carries change, beside values of every length.
fn any_edge() -> impl Strategy<Value = u128> {
    let near_power = (0u32..128, -2i128..=2).prop_map(|(bit, off)| (1u128 << bit).wrapping_add_signed(off));
    let full_digits = (any::<bool>(), any::<bool>(), any::<u64>()).prop_map(|(high, low, bits)| {
        let digit = |full: bool| u128::from(if full { u64::MAX } else { bits });
        digit(high) << 64 | digit(low)
    });
    prop_oneof![any_size(), near_power, full_digits, any::<u8>().prop_map(|low| u128::MAX - u128::from(low))]
}

/// Slopes whose denominators are short, long, and at the ends.
fn any_slope() -> impl Strategy<Value = u128> {
    let round = prop_oneof![
        Just(0),
        Just(1),
        Just(WAD / 50),
        Just(WAD / 20),
        Just(WAD / 10),
        Just(WAD / 3),
        Just(WAD)
    ];
    prop_oneof![round, 0..=WAD / 10 * 9]
}

/// Newton's iteration from above.
fn plain_root(value: U512) -> U512 {
    let mut root = U512::from(1) << value.bit_len().div_ceil(2);
    while !value.is_zero() {
        let next = (root + value / root) >> 1usize;
        if next >= root {
            return root;
        }
        root = next;
    }
    value
}

/// `trade_down` by its formulas alone (`src/stab3l/peg/curve.py`), in 512 bits.
fn plain_trade(target: u128, reserve: u128, fair: u128, slope: u128) -> u128 {
    let long = |value: u128| U512::from(value);
    let up = |value: U512, by: U512| value.div_ceil(by);
    let (squared, flat, wad) = (long(target) * long(target), long(WAD - slope), long(WAD));
    let kept = up(long(reserve) * flat, wad);
    let owed = squared * long(slope) / (wad * long(reserve)) + long(fair);
    let spread = long(4) * flat * long(slope) * squared;
    let after = if kept >= owed {
        let u = kept - owed;
        let inner = u * u + up(spread, wad * wad);
        let down = plain_root(inner);
        let root = if down * down == inner { down } else { down + long(1) };
        if flat.is_zero() { long(0) } else { up((u + root) * wad, flat * long(2)) }
    } else {
        let u = owed - kept;
        up(squared * long(2) * long(slope), (plain_root(u * u + spread / (wad * wad)) + u) * wad)
    };
    (long(reserve).saturating_sub(after)).to::<u128>()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_kept_divisor_divides_as_the_machine_does(d in any_edge(), n in any_edge(), off in -1i128..=1) {
        let d = d.max(1);
        let divisor = Divisor::new(d);
        prop_assert_eq!(divisor.divide(n), (n / d, n % d));
        let beside = (n / d * d).wrapping_add_signed(off);
        prop_assert_eq!(divisor.divide(beside), (beside / d, beside % d));
    }

    #[test]
    fn a_quotient_of_halves_and_its_rest_make_the_value(d in any_edge(), q in any_edge(), part in any_edge()) {
        let d = d.max(1);
        for rest in [0, part % d, d - 1] {
            let value = Halves::product(q, d).plus(Halves::of(rest)).unwrap();
            prop_assert_eq!(value.over(d), Some((q, rest)));
        }
        prop_assert_eq!(Halves { high: d, low: part }.over(d), None);
    }

    #[test]
    fn products_and_sums_of_halves_are_exact(a in any_edge(), b in any_edge(), c in any_edge()) {
        let exact = U256::from(a) * U256::from(b);
        let found = Halves::product(a, b);
        prop_assert_eq!(joined(found), exact);
        prop_assert_eq!(found.times(c).map(joined), exact.checked_mul(U256::from(c)));
        let other = Halves { high: c, low: a };
        prop_assert_eq!(found.plus(other).map(joined), exact.checked_add(joined(other)));
        prop_assert_eq!(narrow_product(a, b), a.checked_mul(b));
        prop_assert_eq!(times_digit(a, b as u64), a.checked_mul(u128::from(b as u64)));
    }

    #[test]
    fn roots_around_squares_are_exact(root in any_edge(), value in any_edge(), high in any_edge()) {
        let root = root.max(2);
        let square = product(root, root);
        prop_assert_eq!((sqrt_down(square), sqrt_up(square)), (root, Some(root)));
        prop_assert_eq!((sqrt_down(square - U256::from(1)), sqrt_up(square - U256::from(1))), (root - 1, Some(root)));
        let (found, exact) = Halves { high, low: value }.root();
        let (square, value) = (product(found, found), joined(Halves { high, low: value }));
        prop_assert!(square <= value && exact == (square == value));
        prop_assert!(found == u128::MAX || product(found + 1, found + 1) > value);
    }

    #[test]
    fn the_target_rounded_down_is_the_same_found_from_the_one_rounded_up(
        reserve in any_edge(), surplus in any_edge(), shift in 0u32..128, slope in any_slope(),
    ) {
        let slope = Slope::new(slope);
        let (reserve, surplus) = ((reserve >> shift).min(1 << 127), (surplus >> shift).min(1 << 127));
        let Ok(target) = target_up(reserve, surplus, &slope) else { return Ok(()) };
        for rounded in [surplus, surplus.saturating_sub(1), surplus.saturating_sub(2)] {
            prop_assert_eq!(target.down(rounded, &slope), target_down(reserve, rounded, &slope));
        }
    }

    #[test]
    fn a_trade_takes_what_its_formula_says(
        target in 1u128..1 << 116, reserve in 1u128..1 << 116, fair in any_edge(), shift in 0u32..116, slope in any_slope(),
    ) {
        let (target, reserve, slope) = ((target >> shift).max(1), (reserve >> shift).max(1), slope.max(1));
        if let Ok(taken) = trade_down(target, reserve, fair, &Slope::new(slope)) {
            prop_assert_eq!(taken, plain_trade(target, reserve, fair, slope));
        }
    }
}

proptest! {
    #[test]
    fn products_and_quotients_are_exact(a in any_size(), b in any_size(), d in any_size()) {
        let exact = U256::from(a) * U256::from(b);
        prop_assert_eq!(product(a, b), exact);
        if d == 0 {
            prop_assert_eq!(mul_div_down(a, b, d), None);
            return Ok(());
        }
        let (quotient, rest) = exact.div_rem(U256::from(d));
        let up = quotient + U256::from(u8::from(!rest.is_zero()));
        prop_assert_eq!(mul_div_down(a, b, d), narrow(quotient));
        prop_assert_eq!(mul_div_up(a, b, d), narrow(up));
    }

    #[test]
    fn wide_quotients_bracket_the_truth(a in any_size(), b in any_size(), c in any_size(), d in 1..u128::MAX) {
        let wide = product(a, b);
        let divisor = product(d, 1 << 60);
        let (Some(down), Some(up)) = (wide_mul_div_down(wide, c, divisor), wide_mul_div_up(wide, c, divisor)) else {
            return Ok(());
        };
        prop_assert!(up - down <= U256::from(1));
        if let (Some(low), Some(exact)) = (down.checked_mul(divisor), times(wide, c)) {
            prop_assert!(low <= exact && exact - low < divisor);
        }
    }

    #[test]
    fn roots_are_exact(a in any_size(), b in any_size()) {
        let value = product(a, b);
        let root = sqrt_down(value);
        prop_assert!(product(root, root) <= value);
        prop_assert!(root == u128::MAX || product(root + 1, root + 1) > value);
        prop_assert_eq!(sqrt_up(value), if product(root, root) == value { Some(root) } else { root.checked_add(1) });
    }

    #[test]
    fn a_round_trip_never_gains(
        slope in prop_oneof![Just(0), Just(WAD), 0..=WAD / 10 * 9], price in 1_000_000u128..10u128.pow(30),
        base in 1_000u128..1 << 60, quote in 1_000u128..1 << 60, sells in proptest::collection::vec((any::<bool>(), any_size()), 1..6),
    ) {
        let terms = Terms::new(price, slope, 0, 6, 18).unwrap();
        let mut state = State::balanced(base, quote);
        for (sells_base, amount) in sells {
            let Ok(there) = sell(&terms, &state, sells_base, amount, 0) else { continue };
            if let Ok(back) = sell(&terms, &there.after, !sells_base, there.paid, 0) {
                prop_assert!(back.paid <= amount);
            }
            state = there.after;
        }
    }
}
