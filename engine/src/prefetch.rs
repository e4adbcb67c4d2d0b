//! Asking the processor for memory before it is needed.

/// Fetches the first and the last cache line of `value`, without waiting for them. A hint: it changes nothing but time.
#[inline(always)]
pub fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing and never faults.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let first = (&raw const *value).cast::<i8>();
        _mm_prefetch::<_MM_HINT_T0>(first);
        if size_of::<T>() > align_of::<T>() {
            _mm_prefetch::<_MM_HINT_T0>(first.add(size_of::<T>() - 1));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
