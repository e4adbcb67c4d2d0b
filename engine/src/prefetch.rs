//! Asking the processor for memory before it is needed.

/// Fetches the first and the last cache line of `value`, without waiting for them. A hint: it changes nothing but time.
#[inline(always)]
pub fn prefetch<T>(value: &T) {
    let first = (&raw const *value).cast::<u8>();
    prefetch_at(first);
    if size_of::<T>() > align_of::<T>() {
        prefetch_at(first.wrapping_add(size_of::<T>() - 1));
    }
}

/// Fetches the cache line of an address, which may be any.
#[inline(always)]
pub fn prefetch_at<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing and never faults.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
