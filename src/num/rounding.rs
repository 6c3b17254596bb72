//! Integers nearest to quotients and roots, ties to even.

/// The integer nearest to numerator / denominator, which is not zero.
pub fn round_quotient(numerator: i128, denominator: u64) -> i128 {
    let denominator = i128::from(denominator);
    let (floor, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    let up = 2 * rest > denominator || 2 * rest == denominator && floor % 2 != 0;
    floor + i128::from(up)
}

/// The integer nearest to √(numerator / denominator), which is not zero. `None` where that takes more than 128 bits.
pub fn round_root(numerator: u128, denominator: u128) -> Option<u128> {
    let floor = (numerator / denominator).isqrt();
    // Whether the quotient is above the square of floor + 1/2, or is it.
    let (fourfold, odd) = (numerator.checked_mul(4)?, 2 * floor + 1);
    let middle = odd.checked_mul(odd)?.checked_mul(denominator)?;
    let up = fourfold > middle || fourfold == middle && floor % 2 == 1;
    Some(floor + u128::from(up))
}

/// a + (b − a)·γ to the nearest integer, for γ = mantissa·2^−shift from 0 to 1 of 53 bits. `None` where that takes more than 128 bits.
pub fn round_between(a: i128, b: i128, mantissa: u64, shift: u32) -> Option<i128> {
    let product = (b - a).checked_mul(i128::from(mantissa))?;
    let scale = 1i128.checked_shl(shift).filter(|_| shift < 126)?;
    let (floor, rest) = (product.div_euclid(scale), product.rem_euclid(scale));
    let floor = a + floor;
    let up = 2 * rest > scale || 2 * rest == scale && floor % 2 != 0;
    Some(floor + i128::from(up))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::num::rational::Rational;

    fn whole(value: i128) -> Rational {
        Rational::integer(value < 0, value.unsigned_abs().into())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn they_are_those_of_rationals(
            a in prop_oneof![any::<i64>(), -9i64..9], b in prop_oneof![any::<i64>(), -9i64..9],
            n in prop_oneof![1..u64::MAX, 1u64..9], square in prop_oneof![any::<u64>().prop_map(u128::from), 0u128..60, any::<u128>()],
            gamma in prop_oneof![0.0f64..=1.0, Just(0.5), Just(0.25), Just(1.0)],
        ) {
            let sum = i128::from(a) * 7;
            let quotient = whole(sum).over(&whole(n.into()));
            prop_assert_eq!(whole(round_quotient(sum, n)), quotient.round_to_integer().unwrap());
            if let Some(root) = round_root(square, n.into()) {
                let exact = Rational::integer(false, square.into()).over(&whole(n.into())).round_sqrt_to_integer();
                prop_assert_eq!(Rational::integer(false, root.into()), exact.unwrap());
            }
            let (_, mantissa, exponent) = crate::num::rational::decompose(gamma);
            if exponent <= 0 && let Some(between) = round_between(a.into(), b.into(), mantissa, exponent.unsigned_abs()) {
                let exact = whole(a.into()).plus(&whole(i128::from(b) - i128::from(a)).times(&Rational::from_f64(gamma)));
                prop_assert_eq!(whole(between), exact.round_to_integer().unwrap());
            }
        }
    }
}
