//! Random numbers for agents: counter-based and integer, so that a run is its seed and nothing else.
//!
//! Each (seed, stream, block) has a generator of its own: what one agent draws does not move what another draws, and two
//! runs that differ in one parameter meet the same luck. The generator is SplitMix64 (Steele, Lea, Flood, "Fast
//! Splittable Pseudorandom Number Generators", OOPSLA 2014).

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// Parts in a whole for probabilities.
pub const PPM: u64 = 1_000_000;

/// One standard deviation of [`Random::normal`].
pub const SIGMA: i128 = 1 << 32;

/// A generator for one stream in one block.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of a stream in a block.
    pub fn of(seed: u64, stream: u64, block: u64) -> Random {
        Random(mix(mix(mix(seed).wrapping_add(stream)).wrapping_add(block)))
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// Uniform below `bound`, by multiplication (Lemire, 2019, without the rejection: the bias is below bound / 2^64).
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// True `ppm` times in a million.
    #[inline]
    pub fn chance(&mut self, ppm: u64) -> bool {
        self.below(PPM) < ppm
    }

    /// A sum of twelve uniforms less its mean: nearly normal, one deviation is [`SIGMA`], never beyond six.
    pub fn normal(&mut self) -> i128 {
        let halves = |bits: u64| i128::from(bits >> 32) + i128::from(bits & 0xFFFF_FFFF);
        (0..6).map(|_| halves(self.bits())).sum::<i128>() - 6 * SIGMA
    }

    /// `least` times 2^n plus a uniform part of as much again, n geometric with ratio 2^-1.5 and at most `octaves`.
    ///
    /// The tail P(size > x) falls as x^-1.5, as trade sizes do (Gopikrishnan, Plerou, Gabaix, Stanley, "Statistical
    /// properties of share volume", Physical Review E 62, 2000).
    pub fn size(&mut self, least: u128, octaves: u32) -> u128 {
        const AGAIN_PPM: u64 = 353_553;
        let mut size = least;
        for _ in 0..octaves {
            if !self.chance(AGAIN_PPM) {
                break;
            }
            size *= 2;
        }
        size + ((size >> 20) * u128::from(self.below(1 << 20)))
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
