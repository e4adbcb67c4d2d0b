//! Square roots of 128-bit values, without division.
//!
//! A table gives the reciprocal root's first bits, Newton's iteration the next, and the rest of the value less the square of
//! the root so far the last: Zimmermann, Brent, "Modern Computer Arithmetic" (2010), 3.5. Integers throughout; every
//! approximation is from below, and the last step makes it exact.

/// The first bits of 1 / sqrt(z) for z in [1, 4), by z's first ten bits; in 2^-16, rounded down.
const RECIPROCALS: [u16; 768] = {
    let mut table = [0; 768];
    let mut place = 0;
    while place < table.len() {
        // The interval's upper end: no z in it has a smaller reciprocal root.
        let above = (place as u128 + 257) << 54;
        // 2^16 / sqrt(above / 2^62).
        table[place] = ((1 << 94) / above).isqrt() as u16;
        place += 1;
    }
    table
};

/// The root rounded down and the value less its square, of a value of at least 2^126.
#[inline]
pub fn root_and_rest(value: u128) -> (u64, u128) {
    debug_assert!(value >> 126 != 0);
    let z = (value >> 64) as u64; // [1, 4) in 2^-62
    let first = u64::from(RECIPROCALS[(z >> 54) as usize - 256]); // in 2^-16
    let correction = (3 << 30) - ((first * first * (z >> 32)) >> 32); // in 2^-30
    let second = (first * correction) >> 15; // in 2^-32, good to 17 bits
    let correction = (3 << 62) - high_half(second * second, z) - 1; // in 2^-62
    // In 2^-63, good to 33 bits; less one, since z is not the whole value.
    let third = high_half(second << 32, correction) - 1;
    let top = high_half(z, third) << 2;
    // What is left is below 2^96; half of it over the root is what the root lacks, to within two.
    let left = value - square(top);
    let mut root = top + (high_half((left >> 32) as u64, third) >> 31);
    let mut rest = value - square(root);
    while rest > 2 * u128::from(root) {
        root += 1;
        rest -= 2 * u128::from(root) - 1;
    }
    (root, rest)
}

#[inline]
fn square(root: u64) -> u128 {
    u128::from(root) * u128::from(root)
}

/// a * b / 2^64, rounded down.
#[inline]
fn high_half(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 64) as u64
}
