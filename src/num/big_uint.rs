//! Natural numbers of any size: what is left of an exact sum once the last value is in.
//!
//! A [`BigUint`] is Σ limb\[i\]·2^(64·i), with no zero limb at the top (so zero has none). Only what the
//! final rounding needs is here. Division is algorithm D of Knuth, *The Art of Computer
//! Programming* 2, section 4.3.1.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// A natural number; zero is the one without limbs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u64>", into = "Vec<u64>")]
pub struct BigUint {
    limbs: Vec<u64>,
}

impl TryFrom<Vec<u64>> for BigUint {
    type Error = &'static str;

    fn try_from(limbs: Vec<u64>) -> Result<Self, Self::Error> {
        if limbs.last() == Some(&0) { Err("a natural number has a zero limb at its top") } else { Ok(Self { limbs }) }
    }
}

impl From<BigUint> for Vec<u64> {
    fn from(natural: BigUint) -> Self {
        natural.limbs
    }
}

impl BigUint {
    /// The number with these limbs, least significant first.
    pub fn from_limbs(mut limbs: Vec<u64>) -> Self {
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        Self { limbs }
    }

    /// 10^exponent.
    pub fn power_of_ten(exponent: u32) -> Self {
        let mut power = Self::from(1u64);
        for _ in 0..exponent / 19 {
            power = power.times(&Self::from(10u64.pow(19)));
        }
        power.times(&Self::from(10u64.pow(exponent % 19)))
    }

    /// The limbs, least significant first.
    pub fn limbs(&self) -> &[u64] {
        &self.limbs
    }

    pub fn is_zero(&self) -> bool {
        self.limbs.is_empty()
    }

    /// The number of bits up to the highest one that is set.
    pub fn bits(&self) -> u64 {
        match self.limbs.last() {
            Some(top) => 64 * self.limbs.len() as u64 - u64::from(top.leading_zeros()),
            None => 0,
        }
    }

    /// The number as a `u128`, if it fits.
    pub fn to_u128(&self) -> Option<u128> {
        match self.limbs[..] {
            [] => Some(0),
            [low] => Some(u128::from(low)),
            [low, high] => Some(u128::from(high) << 64 | u128::from(low)),
            _ => None,
        }
    }

    pub fn plus(&self, other: &Self) -> Self {
        let (long, short) = if self.limbs.len() >= other.limbs.len() { (self, other) } else { (other, self) };
        let mut limbs = long.limbs.clone();
        let mut carry = false;
        for (i, limb) in limbs.iter_mut().enumerate() {
            let addend = short.limbs.get(i).copied().unwrap_or(0);
            let (sum, first) = limb.overflowing_add(addend);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = first || second;
        }
        if carry {
            limbs.push(1);
        }
        Self { limbs }
    }

    /// |self − other|; which of the two is larger, [`Ord::cmp`] tells.
    pub fn distance(&self, other: &Self) -> Self {
        let (large, small) = match self.cmp(other) {
            Ordering::Equal => return Self::default(),
            Ordering::Greater => (self, other),
            Ordering::Less => (other, self),
        };
        let mut limbs = large.limbs.clone();
        let mut borrow = false;
        for (i, limb) in limbs.iter_mut().enumerate() {
            let subtrahend = small.limbs.get(i).copied().unwrap_or(0);
            let (rest, first) = limb.overflowing_sub(subtrahend);
            let (rest, second) = rest.overflowing_sub(u64::from(borrow));
            *limb = rest;
            borrow = first || second;
        }
        Self::from_limbs(limbs)
    }

    pub fn times(&self, other: &Self) -> Self {
        let mut limbs = vec![0u64; self.limbs.len() + other.limbs.len()];
        for (i, &a) in self.limbs.iter().enumerate() {
            let mut carry = 0u128;
            for (j, &b) in other.limbs.iter().enumerate() {
                // At most (2^64 − 1)² + 2·(2^64 − 1) = 2^128 − 1: no overflow.
                let t = u128::from(a) * u128::from(b) + u128::from(limbs[i + j]) + carry;
                limbs[i + j] = t as u64;
                carry = t >> 64;
            }
            limbs[i + other.limbs.len()] = carry as u64;
        }
        Self::from_limbs(limbs)
    }

    pub fn shifted_left(&self, count: u64) -> Self {
        if self.is_zero() {
            return Self::default();
        }
        let (words, bits) = ((count / 64) as usize, (count % 64) as u32);
        let mut limbs = vec![0; words];
        if bits == 0 {
            limbs.extend_from_slice(&self.limbs);
        } else {
            let mut carry = 0;
            for &limb in &self.limbs {
                limbs.push(limb << bits | carry);
                carry = limb >> (64 - bits);
            }
            limbs.push(carry);
        }
        Self::from_limbs(limbs)
    }

    /// ⌊self / 2^count⌋, and whether a bit that was set fell off.
    pub fn shifted_right(&self, count: u64) -> (Self, bool) {
        if count >= self.bits() {
            return (Self::default(), !self.is_zero());
        }
        let (words, bits) = ((count / 64) as usize, (count % 64) as u32);
        let mut lost = self.limbs[..words].iter().any(|&limb| limb != 0);
        let kept = &self.limbs[words..];
        if bits == 0 {
            return (Self::from_limbs(kept.to_vec()), lost);
        }
        lost |= kept[0] << (64 - bits) != 0;
        let limbs = (0..kept.len())
            .map(|i| {
                let above = kept.get(i + 1).copied().unwrap_or(0);
                kept[i] >> bits | above << (64 - bits)
            })
            .collect();
        (Self::from_limbs(limbs), lost)
    }

    /// (⌊self / divisor⌋, whether there is a remainder). `divisor` is not zero.
    pub fn divided_by(&self, divisor: &Self) -> (Self, bool) {
        debug_assert!(!divisor.is_zero());
        if self < divisor {
            return (Self::default(), !self.is_zero());
        }
        if let [d] = divisor.limbs[..] {
            let mut quotient = vec![0; self.limbs.len()];
            let mut rest = 0u128;
            for (q, &limb) in quotient.iter_mut().zip(&self.limbs).rev() {
                let t = rest << 64 | u128::from(limb);
                *q = (t / u128::from(d)) as u64;
                rest = t % u128::from(d);
            }
            return (Self::from_limbs(quotient), rest != 0);
        }
        // D1: with the divisor's top bit set, a quotient limb guessed from the top two limbs is at most 2 too large.
        let shift = u64::from(divisor.limbs[divisor.limbs.len() - 1].leading_zeros());
        let v = divisor.shifted_left(shift).limbs;
        let mut u = self.shifted_left(shift).limbs;
        u.resize(self.limbs.len() + 1, 0);
        let n = v.len();
        let mut quotient = vec![0; u.len() - n];
        for j in (0..quotient.len()).rev() {
            // D3: guess.
            let top = u128::from(u[j + n]) << 64 | u128::from(u[j + n - 1]);
            let mut guess = top / u128::from(v[n - 1]);
            let mut rest = top % u128::from(v[n - 1]);
            while guess >> 64 != 0 || guess * u128::from(v[n - 2]) > (rest << 64 | u128::from(u[j + n - 2])) {
                guess -= 1;
                rest += u128::from(v[n - 1]);
                if rest >> 64 != 0 {
                    break;
                }
            }
            // D4: subtract guess·v.
            let (mut carry, mut borrow) = (0u128, false);
            for i in 0..=n {
                let product = guess * u128::from(v.get(i).copied().unwrap_or(0)) + carry;
                carry = product >> 64;
                let (t, first) = u[i + j].overflowing_sub(product as u64);
                let (t, second) = t.overflowing_sub(u64::from(borrow));
                u[i + j] = t;
                borrow = first || second;
            }
            // D6: the guess was one too large.
            if borrow {
                guess -= 1;
                let mut carry = false;
                for i in 0..=n {
                    let addend = v.get(i).copied().unwrap_or(0);
                    let (t, first) = u[i + j].overflowing_add(addend);
                    let (t, second) = t.overflowing_add(u64::from(carry));
                    u[i + j] = t;
                    carry = first || second;
                }
            }
            quotient[j] = guess as u64;
        }
        (Self::from_limbs(quotient), u.iter().any(|&limb| limb != 0))
    }
}

impl From<u64> for BigUint {
    fn from(value: u64) -> Self {
        Self::from_limbs(vec![value])
    }
}

impl From<u128> for BigUint {
    fn from(value: u128) -> Self {
        Self::from_limbs(vec![value as u64, (value >> 64) as u64])
    }
}

impl Ord for BigUint {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.limbs.len().cmp(&other.limbs.len())).then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }
}

impl PartialOrd for BigUint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint as Oracle;
    use proptest::prelude::*;

    fn big(n: &BigUint) -> Oracle {
        let digits = n.limbs.iter().flat_map(|&limb| [limb as u32, (limb >> 32) as u32]);
        Oracle::new(digits.collect())
    }

    /// Limbs that make carries, borrows and the rare steps of algorithm D likely.
    fn natural() -> impl Strategy<Value = BigUint> {
        let limb = prop_oneof![Just(0), Just(1), Just(u64::MAX), Just(1 << 63), any::<u64>()];
        prop::collection::vec(limb, 0..9).prop_map(BigUint::from_limbs)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn arithmetic_is_that_of_num_bigint(a in natural(), b in natural(), shift in 0u64..300) {
            let (x, y) = (big(&a), big(&b));
            prop_assert_eq!(big(&a.plus(&b)), &x + &y);
            prop_assert_eq!(big(&a.times(&b)), &x * &y);
            let distance = if x >= y { &x - &y } else { &y - &x };
            prop_assert_eq!(big(&a.distance(&b)), distance);
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
            prop_assert_eq!(a.bits(), x.bits());
            prop_assert_eq!(big(&a.shifted_left(shift)), &x << shift);
            let (right, lost) = a.shifted_right(shift);
            prop_assert_eq!(lost, (big(&right) << shift) != x);
            prop_assert_eq!(big(&right), &x >> shift);
            if !b.is_zero() {
                let (quotient, rest) = a.divided_by(&b);
                prop_assert_eq!(rest, (&x % &y) != Oracle::ZERO);
                prop_assert_eq!(big(&quotient), &x / &y);
            }
        }
    }

    #[test]
    fn powers_of_ten() {
        for exponent in [0, 1, 18, 19, 20, 38, 76, 152] {
            let expected = Oracle::from(10u32).pow(exponent);
            assert_eq!(big(&BigUint::power_of_ten(exponent)), expected);
        }
    }
}
