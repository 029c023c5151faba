//! What the operator wrote: `signalbox.toml`, read once at start-up.
//!
//! Everything has a default, so that `signalbox serve` works with no file at all; an unknown field, a wrong type or a
//! value out of bounds is refused with its line, its column and what would be right. `signalbox.example.toml` beside
//! this crate documents every field, and a test keeps it true.

mod file;
mod resolve;
mod settings;

use std::io;
use std::path::{Path, PathBuf};

use signalbox_domain::toml_file::{FileError, TomlFile};

pub use settings::{
    Config, FolderSettings, LeverBounds, LogFormat, LogSettings, SandboxSettings, ServerSettings,
    TelemetrySettings, TlsFiles, WatchMode,
};

/// The file that is read when none is named and it is there.
pub const DEFAULT_FILE: &str = "signalbox.toml";

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than any configuration.
    #[error("{} has {bytes} bytes; a configuration file has at most {}", path.display(), TomlFile::MAX_BYTES)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// Something in a file is wrong.
    #[error("the configuration is wrong")]
    Wrong {
        /// What and where.
        source: Box<FileError>,
    },
}

impl ConfigError {
    fn wrong(source: Box<FileError>) -> ConfigError {
        ConfigError::Wrong { source }
    }
}

impl Config {
    /// Reads the file that is named; else `signalbox.toml` in the present folder if there is one; else takes the
    /// defaults. Paths in a file are relative to the file's folder. Blocks on the disk.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(named: Option<&Path>) -> Result<Config, ConfigError> {
        match named {
            Some(path) => Config::read(path),
            None if Path::new(DEFAULT_FILE).exists() => Config::read(Path::new(DEFAULT_FILE)),
            None => Config::parse(DEFAULT_FILE, "", Path::new("")),
        }
    }

    fn read(path: &Path) -> Result<Config, ConfigError> {
        let text = read_text(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut config = Config::parse(&path.display().to_string(), &text, folder)?;
        config.file = Some(path.to_owned());
        Ok(config)
    }

    /// Reads a configuration from its text. `name` is what errors show; relative paths start at `folder`.
    ///
    /// # Errors
    /// [`ConfigError`]; cost books that the text names are read too.
    pub fn parse(name: &str, text: &str, folder: &Path) -> Result<Config, ConfigError> {
        let document = TomlFile::parse(name, text).map_err(ConfigError::wrong)?;
        let written: file::Written = document.read().map_err(ConfigError::wrong)?;
        resolve::resolve(&document, written, folder)
    }
}

/// The text of a file that people write.
fn read_text(path: &Path) -> Result<String, ConfigError> {
    let read = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = std::fs::metadata(path).map_err(read)?.len();
    if usize::try_from(bytes).is_ok_and(|bytes| bytes > TomlFile::MAX_BYTES) {
        return Err(ConfigError::TooLarge {
            path: path.to_owned(),
            bytes,
        });
    }
    std::fs::read_to_string(path).map_err(read)
}

#[cfg(test)]
mod tests;
