//! What can go wrong outside the rules: files, locks, and an engine that has stopped.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the engine did not do what was asked. A refused command is not a failure: it has an outcome.
#[derive(Debug)]
pub enum Failure {
    /// Another process has this journal open.
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A file does not hold what was written to it.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in the file the damage starts.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// Replay gives other events than the output stream holds.
    OutputMismatch {
        /// The output segment.
        path: PathBuf,
        /// Where in the file the frame starts.
        offset: u64,
        /// The first sequence number of the frame.
        sequence: u64,
    },
    /// A batch is longer than a frame may be.
    BatchTooLarge {
        /// Its length in bytes.
        bytes: usize,
        /// The longest that is taken.
        limit: usize,
    },
    /// The engine stopped at an earlier failure and takes no more work; a restart recovers from the journal.
    Halted {
        /// The earlier failure.
        reason: String,
    },
    /// The engine was closed.
    Closed,
    /// An invariant of the state machine is broken.
    Defect {
        /// The first sequence number of the batch.
        sequence: u64,
        /// What was found broken.
        reason: String,
    },
    /// The operating system refused a file operation.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Its error.
        source: io::Error,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Locked { path } => {
                write!(f, "{}: another process has this journal open", path.display())
            }
            Failure::Corrupt { path, offset, reason } => {
                write!(f, "{} is corrupt at offset {offset}: {reason}", path.display())
            }
            Failure::OutputMismatch { path, offset, sequence } => write!(
                f,
                "{} at offset {offset}: replay gives other events for the batch from sequence {sequence}",
                path.display()
            ),
            Failure::BatchTooLarge { bytes, limit } => {
                write!(f, "a batch of {bytes} bytes is above the limit of {limit}")
            }
            Failure::Halted { reason } => write!(f, "the engine has halted: {reason}"),
            Failure::Closed => write!(f, "the engine is closed"),
            Failure::Defect { sequence, reason } => {
                write!(f, "an invariant broke in the batch from sequence {sequence}: {reason}")
            }
            Failure::Io { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl std::error::Error for Failure {}

/// Names the file of an I/O error.
pub(crate) trait AtPath<T> {
    fn at(self, path: &Path) -> Result<T, Failure>;
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, Failure> {
        self.map_err(|source| Failure::Io { path: path.to_path_buf(), source })
    }
}
