//! Which host to talk to and with which token: what the command line says, else the environment, else what
//! `signalbox login` stored. A stored token is shown to the host it was stored for and to no other.

use std::fs::{DirBuilder, File};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use reqwest::Url;
use serde::{Deserialize, Serialize};
use signalbox_domain::identity::BearerToken;

use super::arguments::Connect;
use super::error::CliError;

/// Where a host listens by default.
pub(super) const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";
/// The variable that may hold a token.
const TOKEN_VARIABLE: &str = "SIGNALBOX_TOKEN";
/// Bytes of a file with a token.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Which host to talk to, and with what.
#[derive(Debug)]
pub(super) struct Target {
    /// Its address.
    pub server: String,
    /// The certificate authority of its certificate, if it is nobody's that everybody knows.
    pub ca: Option<PathBuf>,
    /// What to show.
    pub token: Option<BearerToken>,
}

/// What `signalbox login` stores.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    server: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca: Option<PathBuf>,
    token: String,
}

impl Target {
    /// The host that a command means.
    ///
    /// # Errors
    /// [`CliError`] when a file that is needed cannot be read or may be read by others.
    pub fn resolve(connect: &Connect) -> Result<Target, CliError> {
        let given = given_token(connect)?;
        let stored = match (&connect.server, &given) {
            (Some(_), Some(_)) => None,
            _ => Stored::read(&file()?)?,
        };
        let server = match (&connect.server, &stored) {
            (Some(server), _) => server.clone(),
            (None, Some(stored)) => stored.server.clone(),
            (None, None) => DEFAULT_SERVER.to_owned(),
        };
        let stored = stored.filter(|stored| same_host(&stored.server, &server));
        let token = match (given, &stored) {
            (Some(token), _) => Some(token),
            (None, Some(stored)) => Some(parse(&stored.token, "the stored token")?),
            (None, None) => None,
        };
        let ca = connect.ca.clone().or_else(|| stored.and_then(|stored| stored.ca));
        Ok(Target { server, ca, token })
    }

    /// Stores the target for later commands, for the present user only.
    ///
    /// # Errors
    /// [`CliError::Credentials`].
    pub fn store(&self) -> Result<PathBuf, CliError> {
        let file = file()?;
        let failed = |problem: io::Error| CliError::Credentials {
            file: file.clone(),
            problem: format!("cannot be written: {problem}"),
        };
        let ca = self.ca.as_deref().map(std::path::absolute).transpose();
        let stored = Stored {
            server: self.server.clone(),
            ca: ca.map_err(failed)?,
            token: self.token.as_ref().map_or_else(String::new, BearerToken::reveal),
        };
        let text =
            toml::to_string(&stored).map_err(|problem| failed(io::Error::other(problem.to_string())))?;
        write(&file, text.as_bytes()).map_err(failed)?;
        Ok(file)
    }
}

impl Stored {
    /// What was stored, if anything was.
    ///
    /// # Errors
    /// [`CliError::Credentials`], also when others may read it: then the token is no secret any more.
    fn read(path: &Path) -> Result<Option<Stored>, CliError> {
        let wrong = |problem: String| CliError::Credentials {
            file: path.to_owned(),
            problem,
        };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(problem) => return Err(wrong(format!("cannot be read: {problem}"))),
        };
        let mode = file
            .metadata()
            .map_err(|problem| wrong(problem.to_string()))?
            .mode();
        if mode & 0o077 != 0 {
            return Err(wrong(format!(
                "may be used by others (mode {:03o}), so its token may be known to them: revoke it (`signalbox token \
                 revoke`), remove the file and log in again, or run `chmod 600` if nobody else uses this machine",
                mode & 0o777
            )));
        }
        let text = bounded(file).map_err(|problem| wrong(problem.to_string()))?;
        // Only the message: what stands around it may be the token.
        let stored = toml::from_str(&text).map_err(|problem| {
            wrong(format!(
                "is not what `signalbox login` writes: {}",
                problem.message()
            ))
        })?;
        Ok(Some(stored))
    }
}

/// Forgets what was stored.
///
/// # Errors
/// [`CliError::Credentials`].
pub(super) fn forget() -> Result<Option<PathBuf>, CliError> {
    let file = file()?;
    match std::fs::remove_file(&file) {
        Ok(()) => Ok(Some(file)),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(problem) => Err(CliError::Credentials {
            file,
            problem: format!("cannot be removed: {problem}"),
        }),
    }
}

/// A token for `login`: from its file, else from standard input, without showing it.
///
/// # Errors
/// [`CliError`] when there is none.
pub(super) fn ask(connect: &Connect) -> Result<BearerToken, CliError> {
    if let Some(file) = &connect.token_file {
        return from_file(file);
    }
    let stdin = io::stdin();
    let mut line = String::new();
    if stdin.is_terminal() {
        eprint!("token: ");
        let hidden = Hidden::begin();
        let read = stdin.read_line(&mut line);
        drop(hidden);
        eprintln!();
        read.map_err(CliError::Output)?;
    } else {
        line = bounded(stdin.lock()).map_err(CliError::Output)?;
    }
    parse(&line, "standard input")
}

/// What is typed is not shown as long as this lives.
struct Hidden(Option<rustix::termios::Termios>);

impl Hidden {
    fn begin() -> Hidden {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let Ok(before) = tcgetattr(io::stdin()) else {
            return Hidden(None);
        };
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        let set = tcsetattr(io::stdin(), OptionalActions::Flush, &silent);
        Hidden(set.is_ok().then_some(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some(before) = &self.0 {
            // A terminal that cannot be set back is the shell's to repair.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

fn given_token(connect: &Connect) -> Result<Option<BearerToken>, CliError> {
    if let Some(file) = &connect.token_file {
        return from_file(file).map(Some);
    }
    match std::env::var(TOKEN_VARIABLE) {
        Ok(token) if !token.is_empty() => parse(&token, TOKEN_VARIABLE).map(Some),
        _ => Ok(None),
    }
}

fn from_file(file: &Path) -> Result<BearerToken, CliError> {
    let read = File::open(file).and_then(bounded);
    let text = read.map_err(|source| CliError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    parse(&text, &file.display().to_string())
}

fn bounded(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn parse(text: &str, place: &str) -> Result<BearerToken, CliError> {
    text.trim()
        .parse()
        .map_err(|problem| CliError::Report(format!("{place}: {problem}")))
}

/// Whether two addresses mean one host: a token must not go to another.
fn same_host(one: &str, other: &str) -> bool {
    match (one.parse::<Url>(), other.parse::<Url>()) {
        (Ok(one), Ok(other)) => one.origin() == other.origin() && one.path() == other.path(),
        _ => false,
    }
}

/// `$XDG_CONFIG_HOME/signalbox/credentials.toml`.
fn file() -> Result<PathBuf, CliError> {
    let absolute = |variable| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    let folder = folder.ok_or_else(|| {
        CliError::Report(
            "neither XDG_CONFIG_HOME nor HOME is set: there is no place for credentials".to_owned(),
        )
    })?;
    Ok(folder.join("signalbox").join("credentials.toml"))
}

/// Replaces a file at once by one that only the present user may read.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // Temporary files are for their owner only.
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_stored_token_goes_to_the_host_it_was_stored_for() {
        assert!(same_host("http://localhost:8080", "http://localhost:8080/"));
        assert!(same_host(
            "https://signalbox.example",
            "https://signalbox.example:443"
        ));
        for other in [
            "https://localhost:8080",
            "http://localhost:8081",
            "http://localhost.evil.example:8080",
            "http://localhost:8080/other",
            "",
        ] {
            assert!(!same_host("http://localhost:8080", other), "{other}");
        }
    }

    #[test]
    fn what_is_stored_is_for_its_owner_only_and_else_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signalbox").join("credentials.toml");
        assert!(Stored::read(&path).unwrap().is_none());
        let secret = format!("sbt_t-1_{}", "ab".repeat(32));
        write(
            &path,
            format!("server = \"http://h\"\ntoken = \"{secret}\"\n").as_bytes(),
        )
        .unwrap();
        let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(Stored::read(&path).unwrap().unwrap().token, secret);
        for open in [0o640, 0o604, 0o620] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(open)).unwrap();
            let error = Stored::read(&path).err().unwrap().to_string();
            assert!(error.contains("may be used by others"), "{error}");
        }
    }

    #[test]
    fn a_broken_file_is_refused_without_showing_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials.toml");
        write(&path, b"server = \"http://h\"\ntoken = \"sbt_secret\" oops\n").unwrap();
        let error = Stored::read(&path).err().unwrap().to_string();
        assert!(!error.contains("sbt_secret"), "{error}");
    }
}
