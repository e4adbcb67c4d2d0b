//! The journal: two streams of frames in append-only segment files. `docs/reference/journal.md` is the layout.

pub mod frame;
pub mod reader;
pub mod stream;
mod tail;
mod window;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;

use crate::failure::{AtPath, Failure};

/// What an acknowledged batch survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A killed process.
    PageCache,
    /// A power loss: one `fdatasync` for each appended group of frames.
    Fdatasync,
}

/// Creates a folder.
pub(crate) fn ensure_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).at(folder)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Failure> {
    File::open(folder).and_then(|folder| folder.sync_all()).at(folder)
}

/// Takes the journal's lock, which lives as long as the file stays open.
pub(crate) fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).at(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::Locked { path }),
        Err(TryLockError::Error(source)) => Err(Failure::Io { path, source }),
    }
}
