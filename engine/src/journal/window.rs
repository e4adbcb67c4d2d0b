//! Mapped, reserved pages behind the end of a file, opened ahead and closed by a thread of their own: reserving, mapping and
//! unmapping take up to milliseconds, which nobody who waits for an acknowledgement should wait for.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

use memmap2::{Advice, MmapMut, MmapOptions};
use rustix::fs::{FallocateFlags, fallocate};

/// Pages that are made ready with one call: whoever else changes the process's mappings waits no longer than for that.
const READIED_BYTES: usize = 64 << 10;

/// A part of a file that can be written without a system call.
#[derive(Debug)]
pub struct Window {
    start: u64,
    map: MmapMut,
}

impl Window {
    /// Reserves and maps `length` bytes of `file` from `start` on, a multiple of the page size.
    fn open(file: &File, start: u64, length: usize) -> io::Result<Window> {
        // Blocks that are reserved now cannot be missing when a page is written back: that would end the process.
        fallocate(file, FallocateFlags::empty(), start, length as u64)?;
        // SAFETY: the journal's lock is held, and this process shortens the file only when no window on it is left.
        let map = unsafe { MmapOptions::new().offset(start).len(length).map_mut(file)? };
        for at in (0..length).step_by(READIED_BYTES) {
            // A kernel before 5.14 does not know this advice: then each new page costs a fault when it is first written.
            drop(map.advise_range(Advice::PopulateWrite, at, READIED_BYTES.min(length - at)));
        }
        Ok(Window { start, map })
    }

    /// Where it ends in the file.
    pub fn end(&self) -> u64 {
        self.start + self.map.len() as u64
    }

    /// Whether `bytes` bytes at `at` are inside.
    pub fn holds(&self, at: u64, bytes: usize) -> bool {
        self.start <= at && at + bytes as u64 <= self.end()
    }

    /// Copies `bytes`, which are not empty, to `at`; the first byte last.
    pub fn copy(&mut self, at: u64, bytes: &[u8]) {
        let place = &mut self.map[(at - self.start) as usize..][..bytes.len()];
        place[1..].copy_from_slice(&bytes[1..]);
        fence(Ordering::Release);
        place[0] = bytes[0];
    }
}

enum Order {
    Open { file: Arc<File>, start: u64, length: usize },
    Close(Window),
}

/// The thread that opens and closes windows, one asked for at a time.
#[derive(Debug)]
pub struct Windows {
    orders: Option<Sender<Order>>,
    opened: Receiver<io::Result<Window>>,
    asked: bool,
    thread: Option<JoinHandle<()>>,
}

impl Windows {
    /// Starts the thread.
    pub fn start() -> Windows {
        let (orders, taken) = channel();
        let (open, opened) = channel();
        let thread = std::thread::spawn(move || {
            for order in taken {
                match order {
                    Order::Open { file, start, length } => {
                        drop(open.send(Window::open(&file, start, length)))
                    }
                    Order::Close(window) => drop(window),
                }
            }
        });
        Windows { orders: Some(orders), opened, asked: false, thread: Some(thread) }
    }

    fn order(&self, order: Order) {
        let orders = self.orders.as_ref().expect("open until it is dropped");
        orders.send(order).expect("the thread takes orders as long as this lives");
    }

    /// Whether a window was asked for and not taken.
    pub fn is_asked(&self) -> bool {
        self.asked
    }

    /// Asks for a window.
    pub fn ask(&mut self, file: &Arc<File>, start: u64, length: usize) {
        self.asked = true;
        self.order(Order::Open { file: file.clone(), start, length });
    }

    /// The window that was asked for, when it is open already.
    pub fn take(&mut self) -> Option<io::Result<Window>> {
        match self.opened.try_recv() {
            Ok(opened) => {
                self.asked = false;
                Some(opened)
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        }
    }

    /// Gives a window back.
    pub fn close(&self, window: Window) {
        self.order(Order::Close(window));
    }

    /// Waits for the window that was asked for, and closes it: what it reserved is reserved by then, not later.
    pub fn forget(&mut self) {
        if std::mem::take(&mut self.asked) {
            drop(self.opened.recv());
        }
    }
}

impl Drop for Windows {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
