//! The end of a stream's last segment file, where frames are appended.
//!
//! What is short is copied into mapped, reserved pages behind the end, so that no system call stands between a message and its
//! acknowledgement; what is long, or comes before such pages are ready, is written. A killed process leaves both in the page
//! cache. The first byte of a group comes last: whoever reads the file meanwhile finds a zero, or the group.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::journal::window::{Window, Windows};

/// A multiple of every page size in use.
const PAGES: u64 = 64 << 10;
/// Longer groups are written: for them new pages cost more than a system call.
const COPIED_BYTES_MAX: usize = 16 << 10;
/// Windows overlap by this, so that what no longer fits one fits the next.
const OVERLAP: u64 = PAGES;
const WINDOW_BYTES_MAX: u64 = 1 << 20;

/// A file that is appended to.
#[derive(Debug)]
pub struct Tail {
    file: Arc<File>,
    /// Where the next group goes.
    end: u64,
    /// Behind the end the file may hold zeros up to here.
    reserved: u64,
    /// About how long the file becomes.
    full: u64,
    window: Option<Window>,
    /// Whether windows can be had on this file system.
    windowed: bool,
}

impl Tail {
    /// Appends to `file` at `end`, where it ends; it will be about `full` bytes long.
    pub fn of(file: File, end: u64, full: u64) -> Tail {
        Tail { file: Arc::new(file), end, reserved: end, full, window: None, windowed: true }
    }

    /// The file.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Where the frames end.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Appends a group, which is not empty. It is in the page cache on return.
    pub fn append(&mut self, group: &[u8], windows: &mut Option<Windows>) -> io::Result<()> {
        let copied = group.len() <= COPIED_BYTES_MAX
            && self.windowed
            && self.copy(group, windows.get_or_insert_with(Windows::start));
        if !copied {
            self.write(group)?;
        }
        self.end += group.len() as u64;
        Ok(())
    }

    /// Appends a group, which is not empty. It is on the disk on return.
    pub fn append_synced(&mut self, group: &[u8]) -> io::Result<()> {
        self.write(group)?;
        self.end += group.len() as u64;
        self.file.sync_data()
    }

    fn write(&self, group: &[u8]) -> io::Result<()> {
        if self.reserved <= self.end {
            return self.file.write_all_at(group, self.end);
        }
        self.file.write_all_at(&group[1..], self.end + 1)?;
        self.file.write_all_at(&group[..1], self.end)
    }

    /// Whether the group could be copied.
    fn copy(&mut self, group: &[u8], windows: &mut Windows) -> bool {
        if let Some(window) = &mut self.window
            && window.holds(self.end, group.len())
        {
            window.copy(self.end, group);
            return true;
        }
        self.next_window(windows) && self.copy(group, windows)
    }

    /// Whether the window that was asked for is open now and has room for a group. Asks for the one behind it.
    fn next_window(&mut self, windows: &mut Windows) -> bool {
        if let Some(window) = self.window.take() {
            windows.close(window);
        }
        if !windows.is_asked() {
            self.ask(self.end / PAGES * PAGES, windows);
            return false;
        }
        match windows.take() {
            None => return false,
            Some(Err(_)) => self.windowed = false,
            Some(Ok(window)) if window.holds(self.end, COPIED_BYTES_MAX) => {
                self.ask(window.end() - OVERLAP, windows);
                self.window = Some(window);
                return true;
            }
            Some(Ok(window)) => {
                windows.close(window);
                self.ask(self.end / PAGES * PAGES, windows);
            }
        }
        false
    }

    fn ask(&mut self, start: u64, windows: &mut Windows) {
        let length = (OVERLAP + self.full.min(WINDOW_BYTES_MAX - OVERLAP)).next_multiple_of(PAGES);
        if start < self.full {
            self.reserved = self.reserved.max(start + length);
            windows.ask(&self.file, start, length as usize);
        }
    }

    /// Cuts what is behind the frames: the file is as long as they are.
    pub fn close(&mut self, windows: &mut Option<Windows>) -> io::Result<()> {
        self.window = None;
        windows.iter_mut().for_each(Windows::forget);
        if self.reserved > self.end {
            self.file.set_len(self.end)?;
            self.reserved = self.end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use tempfile::TempDir;

    use super::*;

    const FULL: u64 = 3 << 20;

    fn opened(path: &Path) -> Tail {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path).unwrap();
        let end = file.metadata().unwrap().len();
        Tail::of(file, end, FULL)
    }

    fn group(number: usize) -> Vec<u8> {
        let bytes =
            if number.is_multiple_of(97) { COPIED_BYTES_MAX + 1 + number } else { 1 + number * 131 % 900 };
        (0..bytes).map(|at| 1 + ((at + number) % 255) as u8).collect()
    }

    #[test]
    fn what_is_copied_and_what_is_written_stands_one_behind_the_other_and_zeros_behind_it() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("file");
        let (mut tail, mut windows) = (opened(&path), None);
        let (mut expected, mut copied, deadline) = (Vec::new(), 0, Instant::now() + Duration::from_secs(60));
        for number in 1.. {
            let group = group(number);
            tail.append(&group, &mut windows).unwrap();
            expected.extend_from_slice(&group);
            copied += usize::from(tail.window.is_some());
            if number % 50 == 0 {
                let found = fs::read(&path).unwrap();
                assert!(found.starts_with(&expected), "after {number} groups");
                assert!(found[expected.len()..].iter().all(|byte| *byte == 0));
            }
            if (expected.len() as u64 > FULL && copied > 500) || Instant::now() > deadline {
                break;
            }
        }
        assert!(copied > 500, "{copied} groups were copied");
        tail.close(&mut windows).unwrap();
        assert!(fs::read(&path).unwrap() == expected, "nothing is behind the end any more");
    }

    #[test]
    fn a_window_that_comes_too_late_is_given_back() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("file");
        let (mut tail, mut windows) = (opened(&path), None);
        tail.append(b"first", &mut windows).unwrap();
        let long = vec![7; WINDOW_BYTES_MAX as usize];
        tail.append(&long, &mut windows).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut expected = [b"first".as_slice(), &long].concat();
        while tail.window.is_none() && Instant::now() < deadline {
            tail.append(b"next", &mut windows).unwrap();
            expected.extend_from_slice(b"next");
        }
        assert!(tail.window.as_ref().is_some_and(|window| window.holds(tail.end, 1)));
        tail.append_synced(b"synced").unwrap();
        tail.close(&mut windows).unwrap();
        assert_eq!(fs::read(&path).unwrap(), [expected.as_slice(), b"synced"].concat());
    }

    #[test]
    fn what_cannot_be_mapped_is_written() {
        let pipe = std::os::fd::OwnedFd::from(std::io::pipe().unwrap().0);
        let (mut tail, mut windows) = (Tail::of(File::from(pipe), 0, FULL), Windows::start());
        let deadline = Instant::now() + Duration::from_secs(60);
        while tail.windowed && Instant::now() < deadline {
            assert!(!tail.copy(b"x", &mut windows));
        }
        assert!(!tail.windowed);
    }
}
