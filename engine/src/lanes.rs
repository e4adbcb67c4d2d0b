//! The Keccak-f[1600] permutation over one, two (AVX-512), four (AVX2) or eight (AVX-512) states at once.
//!
//! The narrow hash chains cannot be parallel, but leaves and tree nodes can: eight lanes hash about eight times as many.

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::*;

use crate::units::Hash;

/// Bytes that a state of Keccak-256 absorbs before each permutation.
pub const RATE: usize = 136;
/// What a state absorbs at once.
pub type Block = [u8; RATE];

const ROUND_CONSTANTS: [u64; 24] = [
    0x0000000000000001,
    0x0000000000008082,
    0x800000000000808a,
    0x8000000080008000,
    0x000000000000808b,
    0x0000000080000001,
    0x8000000080008081,
    0x8000000000008009,
    0x000000000000008a,
    0x0000000000000088,
    0x0000000080008009,
    0x000000008000000a,
    0x000000008000808b,
    0x800000000000008b,
    0x8000000000008089,
    0x8000000000008003,
    0x8000000000008002,
    0x8000000000000080,
    0x000000000000800a,
    0x800000008000000a,
    0x8000000080008081,
    0x8000000000008080,
    0x0000000080000001,
    0x8000000080008008,
];

/// `N` Keccak states side by side: word `w` of state `l` is `words[w][l]`.
#[derive(Clone)]
#[repr(C, align(64))]
pub struct States<const N: usize> {
    /// The 25 words of each state.
    pub words: [[u64; N]; 25],
}

impl<const N: usize> States<N> {
    /// All-zero states.
    pub fn zero() -> States<N> {
        States { words: [[0; N]; 25] }
    }

    /// The hash that a lane holds after its last block.
    #[inline(always)]
    pub fn hash(&self, lane: usize) -> Hash {
        let mut hash = Hash::default();
        for (bytes, word) in hash.0.chunks_exact_mut(8).zip(&self.words) {
            bytes.copy_from_slice(&word[lane].to_le_bytes());
        }
        hash
    }

    /// The hash that a lane holds after its last block; the lane is empty again.
    pub fn take_hash(&mut self, lane: usize) -> Hash {
        let hash = self.hash(lane);
        self.words.iter_mut().for_each(|word| word[lane] = 0);
        hash
    }
}

/// One word of each of several states.
///
/// The vector implementations must only run where the processor has the instructions: [`Width::of_this_machine`] asks.
trait Lane: Copy {
    fn xor(self, other: Self) -> Self;
    fn xor_not_and(self, not: Self, and: Self) -> Self;
    fn rotate_left<const LEFT: i32, const RIGHT: i32>(self) -> Self;
    fn splat(word: u64) -> Self;

    #[inline(always)]
    fn xor3(a: Self, b: Self, c: Self) -> Self {
        a.xor(b).xor(c)
    }

    #[inline(always)]
    fn xor5(a: Self, b: Self, c: Self, d: Self, e: Self) -> Self {
        a.xor(b).xor(c.xor(d)).xor(e)
    }
}

impl Lane for u64 {
    #[inline(always)]
    fn xor(self, other: u64) -> u64 {
        self ^ other
    }
    #[inline(always)]
    fn xor_not_and(self, not: u64, and: u64) -> u64 {
        self ^ (!not & and)
    }
    #[inline(always)]
    fn rotate_left<const LEFT: i32, const RIGHT: i32>(self) -> u64 {
        self.rotate_left(LEFT as u32)
    }
    #[inline(always)]
    fn splat(word: u64) -> u64 {
        word
    }
}

#[cfg(target_arch = "x86_64")]
impl Lane for __m256i {
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: see the trait; the same holds for every intrinsic of this file.
        unsafe { _mm256_xor_si256(self, other) }
    }
    #[inline(always)]
    fn xor_not_and(self, not: Self, and: Self) -> Self {
        unsafe { _mm256_xor_si256(self, _mm256_andnot_si256(not, and)) }
    }
    #[inline(always)]
    fn rotate_left<const LEFT: i32, const RIGHT: i32>(self) -> Self {
        unsafe { _mm256_or_si256(_mm256_slli_epi64::<LEFT>(self), _mm256_srli_epi64::<RIGHT>(self)) }
    }
    #[inline(always)]
    fn splat(word: u64) -> Self {
        unsafe { _mm256_set1_epi64x(word as i64) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Lane for __m512i {
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        unsafe { _mm512_xor_si512(self, other) }
    }
    #[inline(always)]
    fn xor_not_and(self, not: Self, and: Self) -> Self {
        unsafe { _mm512_ternarylogic_epi64::<0xd2>(self, not, and) }
    }
    #[inline(always)]
    fn rotate_left<const LEFT: i32, const RIGHT: i32>(self) -> Self {
        unsafe { _mm512_rol_epi64::<LEFT>(self) }
    }
    #[inline(always)]
    fn splat(word: u64) -> Self {
        unsafe { _mm512_set1_epi64(word as i64) }
    }
    #[inline(always)]
    fn xor3(a: Self, b: Self, c: Self) -> Self {
        unsafe { _mm512_ternarylogic_epi64::<0x96>(a, b, c) }
    }
    #[inline(always)]
    fn xor5(a: Self, b: Self, c: Self, d: Self, e: Self) -> Self {
        unsafe { _mm512_ternarylogic_epi64::<0x96>(_mm512_ternarylogic_epi64::<0x96>(a, b, c), d, e) }
    }
}

/// A word of each of two states, where the processor has AVX-512 for registers of 128 bits: the same instructions, which are
/// quicker there than those of 512 bits.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Pair(__m128i);

#[cfg(target_arch = "x86_64")]
impl Lane for Pair {
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Pair(unsafe { _mm_xor_si128(self.0, other.0) })
    }
    #[inline(always)]
    fn xor_not_and(self, not: Self, and: Self) -> Self {
        Pair(unsafe { _mm_ternarylogic_epi64::<0xd2>(self.0, not.0, and.0) })
    }
    #[inline(always)]
    fn rotate_left<const LEFT: i32, const RIGHT: i32>(self) -> Self {
        Pair(unsafe { _mm_rol_epi64::<LEFT>(self.0) })
    }
    #[inline(always)]
    fn splat(word: u64) -> Self {
        Pair(unsafe { _mm_set1_epi64x(word as i64) })
    }
    #[inline(always)]
    fn xor3(a: Self, b: Self, c: Self) -> Self {
        Pair(unsafe { _mm_ternarylogic_epi64::<0x96>(a.0, b.0, c.0) })
    }
    #[inline(always)]
    fn xor5(a: Self, b: Self, c: Self, d: Self, e: Self) -> Self {
        Self::xor3(Self::xor3(a, b, c), d, e)
    }
}

macro_rules! theta {
    ($a:ident, $c:ident, $($x:literal $before:literal $after:literal),*) => { $( {
        let (before, after) = ($c[$before], $c[$after].rotate_left::<1, 63>());
        $a[$x] = L::xor3($a[$x], before, after);
        $a[$x + 5] = L::xor3($a[$x + 5], before, after);
        $a[$x + 10] = L::xor3($a[$x + 10], before, after);
        $a[$x + 15] = L::xor3($a[$x + 15], before, after);
        $a[$x + 20] = L::xor3($a[$x + 20], before, after);
    } )* };
}

macro_rules! rho_pi {
    ($a:ident, $moved:ident, $($to:literal $by:literal),*) => { $( {
        let next = $a[$to];
        $a[$to] = Lane::rotate_left::<$by, { 64 - $by }>($moved);
        $moved = next;
    } )* let _ = $moved; };
}

macro_rules! chi {
    ($a:ident, $($row:literal),*) => { $( {
        let (r0, r1, r2, r3, r4) = ($a[$row], $a[$row + 1], $a[$row + 2], $a[$row + 3], $a[$row + 4]);
        $a[$row] = r0.xor_not_and(r1, r2);
        $a[$row + 1] = r1.xor_not_and(r2, r3);
        $a[$row + 2] = r2.xor_not_and(r3, r4);
        $a[$row + 3] = r3.xor_not_and(r4, r0);
        $a[$row + 4] = r4.xor_not_and(r0, r1);
    } )* };
}

#[inline(always)]
fn permute<L: Lane>(state: &mut [L; 25]) {
    let mut a = *state;
    for constant in ROUND_CONSTANTS {
        let c = [
            L::xor5(a[0], a[5], a[10], a[15], a[20]),
            L::xor5(a[1], a[6], a[11], a[16], a[21]),
            L::xor5(a[2], a[7], a[12], a[17], a[22]),
            L::xor5(a[3], a[8], a[13], a[18], a[23]),
            L::xor5(a[4], a[9], a[14], a[19], a[24]),
        ];
        theta!(a, c, 0 4 1, 1 0 2, 2 1 3, 3 2 4, 4 3 0);
        let mut moved = a[1];
        rho_pi!(a, moved, 10 1, 7 3, 11 6, 17 10, 18 15, 3 21, 5 28, 16 36, 8 45, 21 55, 24 2, 4 14,
            15 27, 23 41, 19 56, 13 8, 12 25, 2 43, 20 62, 14 18, 22 39, 9 61, 6 20, 1 44);
        chi!(a, 0, 5, 10, 15, 20);
        a[0] = a[0].xor(L::splat(constant));
    }
    *state = a;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi1,bmi2")]
fn permute_one_bmi(state: &mut [u64; 25]) {
    permute(state);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl")]
fn permute_two_avx512(states: &mut States<2>) {
    // SAFETY: both are 25 words of 128 bits, and `States` is aligned to 64 bytes.
    permute(unsafe { &mut *(&raw mut states.words).cast::<[Pair; 25]>() });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn permute_four_avx2(states: &mut States<4>) {
    // SAFETY: both are 25 words of 256 bits, and `States` is aligned to 64 bytes.
    permute(unsafe { &mut *(&raw mut states.words).cast::<[__m256i; 25]>() });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn permute_eight_avx512(states: &mut States<8>) {
    // SAFETY: both are 25 words of 512 bits, and `States` is aligned to 64 bytes.
    permute(unsafe { &mut *(&raw mut states.words).cast::<[__m512i; 25]>() });
}

/// Eight blocks side by side. The words of a row become a column: by pairs, then by fours of pairs.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn absorb_eight_avx512(states: &mut States<8>, blocks: [&Block; 8]) {
    // SAFETY: both are 25 words of 512 bits, and `States` is aligned to 64 bytes.
    let words = unsafe { &mut *(&raw mut states.words).cast::<[__m512i; 25]>() };
    for part in 0..2 {
        let mut rows = [_mm512_setzero_si512(); 8];
        for (row, block) in rows.iter_mut().zip(blocks) {
            // SAFETY: the first two parts of 64 bytes lie within the block.
            *row = unsafe { _mm512_loadu_si512(block.as_ptr().add(64 * part).cast()) };
        }
        for (word, column) in words[8 * part..].iter_mut().zip(transposed(rows)) {
            *word = _mm512_xor_si512(*word, column);
        }
    }
    for (word, block) in states.words[RATE / 8 - 1].iter_mut().zip(blocks) {
        *word ^= u64::from_le_bytes(*block[RATE - 8..].first_chunk().expect("eight bytes"));
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed(rows: [__m512i; 8]) -> [__m512i; 8] {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    let (even, odd) = (
        [
            _mm512_unpacklo_epi64(r0, r1),
            _mm512_unpacklo_epi64(r2, r3),
            _mm512_unpacklo_epi64(r4, r5),
            _mm512_unpacklo_epi64(r6, r7),
        ],
        [
            _mm512_unpackhi_epi64(r0, r1),
            _mm512_unpackhi_epi64(r2, r3),
            _mm512_unpackhi_epi64(r4, r5),
            _mm512_unpackhi_epi64(r6, r7),
        ],
    );
    let ([c0, c2, c4, c6], [c1, c3, c5, c7]) = (transposed_pairs(even), transposed_pairs(odd));
    [c0, c1, c2, c3, c4, c5, c6, c7]
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed_pairs([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (low, high) = (_mm512_shuffle_i64x2::<0x44>(a, b), _mm512_shuffle_i64x2::<0x44>(c, d));
    let (low_next, high_next) = (_mm512_shuffle_i64x2::<0xee>(a, b), _mm512_shuffle_i64x2::<0xee>(c, d));
    [
        _mm512_shuffle_i64x2::<0x88>(low, high),
        _mm512_shuffle_i64x2::<0xdd>(low, high),
        _mm512_shuffle_i64x2::<0x88>(low_next, high_next),
        _mm512_shuffle_i64x2::<0xdd>(low_next, high_next),
    ]
}

/// How many states this machine permutes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// One, in general registers.
    One,
    /// Four, with AVX2.
    Four,
    /// Eight, with AVX-512.
    Eight,
}

impl Width {
    /// The widest that the processor has instructions for.
    pub fn of_this_machine() -> Width {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Width::Eight;
            }
            if is_x86_feature_detected!("avx2") {
                return Width::Four;
            }
        }
        Width::One
    }
}

/// Permutes one state.
#[inline]
pub fn permute_one(state: &mut [u64; 25]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") {
        // SAFETY: the processor has the instructions.
        return unsafe { permute_one_bmi(state) };
    }
    permute(state);
}

/// Permutes `N` states: 2, 4 or 8 where [`Width::of_this_machine`] allows, any number one by one.
#[inline]
pub fn permute_all<const N: usize>(states: &mut States<N>, width: Width) {
    #[cfg(target_arch = "x86_64")]
    match (width, N) {
        // SAFETY: the processor has the instructions, and N makes the two types one.
        (Width::Eight, 2) if is_x86_feature_detected!("avx512vl") => {
            return unsafe { permute_two_avx512(&mut *(&raw mut *states).cast::<States<2>>()) };
        }
        // SAFETY: `width` is what the processor has, and N makes the two types one.
        (Width::Four, 4) => {
            return unsafe { permute_four_avx2(&mut *(&raw mut *states).cast::<States<4>>()) };
        }
        (Width::Eight, 8) => {
            return unsafe { permute_eight_avx512(&mut *(&raw mut *states).cast::<States<8>>()) };
        }
        _ => {}
    }
    for lane in 0..N {
        let mut state = states.words.map(|word| word[lane]);
        permute_one(&mut state);
        for (word, value) in states.words.iter_mut().zip(state) {
            word[lane] = value;
        }
    }
    let _ = width;
}

/// Lets each state absorb a block; widths as in [`permute_all`].
#[inline]
pub fn absorb_all<const N: usize>(states: &mut States<N>, blocks: [&Block; N], width: Width) {
    #[cfg(target_arch = "x86_64")]
    if width == Width::Eight
        && let Ok(blocks) = <[&Block; 8]>::try_from(&blocks[..])
    {
        // SAFETY: `width` is what the processor has, and N is 8.
        return unsafe { absorb_eight_avx512(&mut *(&raw mut *states).cast::<States<8>>(), blocks) };
    }
    for (lane, block) in blocks.into_iter().enumerate() {
        for (word, bytes) in states.words.iter_mut().zip(block.as_chunks::<8>().0) {
            word[lane] ^= u64::from_le_bytes(*bytes);
        }
    }
    let _ = width;
}
