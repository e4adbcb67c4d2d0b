//! The peg's arithmetic against plain big integers, and law I9 on the curve itself.

use _engine::peg::pool::{State, Terms, sell_either};
use _engine::peg::wide::*;
use proptest::prelude::*;

fn any_size() -> impl Strategy<Value = u128> {
    (any::<u128>(), 0u32..128).prop_map(|(bits, shift)| bits >> shift)
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
            let Ok(there) = sell_either(&terms, &state, sells_base, amount, 0) else { continue };
            if let Ok(back) = sell_either(&terms, &there.after, !sells_base, there.paid, 0) {
                prop_assert!(back.paid <= amount);
            }
            state = there.after;
        }
    }
}
