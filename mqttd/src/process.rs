//! What the process may do.

/// Files of ours are for our user alone.
#[cfg(unix)]
pub(crate) fn keep_files_private() {
    use rustix::fs::Mode;

    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

#[cfg(not(unix))]
pub(crate) fn keep_files_private() {}

/// Whether the process may do everything.
#[cfg(unix)]
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
pub(crate) fn is_root() -> bool {
    false
}
