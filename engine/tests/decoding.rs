//! Reading an encoded state: whatever the bytes are, it neither panics nor takes more memory than they can account for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use _engine::state::State;
use _engine::units::Nanos;

/// What an empty state takes: mostly the ring of young orders.
const EMPTY: usize = 6 << 20;
/// Bytes of memory for each byte that is read.
const PER_BYTE: usize = 64;

/// The system's allocator, which also keeps the most that was ever in use since [`most_in_use`] began.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(IN_USE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(IN_USE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most memory that was in use at once while `work` ran, beyond what was before.
fn most_in_use(work: impl FnOnce()) -> usize {
    let before = IN_USE.load(Relaxed);
    MOST.store(before, Relaxed);
    work();
    MOST.load(Relaxed).saturating_sub(before)
}

/// The golden story's state just before its last block: every kind of thing is in it.
fn told() -> State {
    let text = include_str!("../../tests/golden/engine.json");
    let values = |name: &str| -> Vec<&str> {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix(name));
        lines.map(|line| line.trim_matches([' ', ':', ',', '"'])).collect()
    };
    let mut state = State::genesis();
    for (now, batch) in values("\"now\"").into_iter().zip(values("\"batch\"")) {
        let pairs = batch.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("hexadecimal"));
        let batch: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).expect("a byte")).collect();
        let link = state.link(&batch, Nanos(now.parse().expect("a time")));
        state.apply(&link, &batch, &mut Vec::new());
    }
    state
}

#[test]
fn any_change_of_an_encoding_is_read_or_refused_within_memory_that_follows_from_its_length() {
    let state = told();
    let bytes = state.encode();
    assert_eq!(State::decode(&bytes).expect("an encoding").digest(), state.digest());
    let changes: [&[u8]; 4] = [&[0], &[0xff; 4], &[0xff, 0xff, 0xff, 0x07], &[0x7f; 16]];
    let (mut refused, mut tried) = (0, 0);
    for at in 0..bytes.len() {
        for change in changes {
            let mut changed = bytes.clone();
            let end = (at + change.len()).min(changed.len());
            changed[at..end].copy_from_slice(&change[..end - at]);
            let mut read = None;
            let most = most_in_use(|| read = State::decode(&changed));
            assert!(most < EMPTY + PER_BYTE * bytes.len(), "{most} bytes of memory, {change:x?} at {at}");
            refused += usize::from(read.is_none());
            tried += 1;
        }
    }
    assert!(refused * 10 > tried, "{refused} of {tried} changes were refused");
}
