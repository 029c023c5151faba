//! Who is let in: the first token, `--dev`, and what the command line stores.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use super::served::{SIGNALBOX, Served, folders};
use super::{command, out, run};

/// A host in a process of its own, which tells everything in its log.
struct Started {
    process: Child,
    /// Its address.
    url: String,
    /// The tokens that it showed, by principal.
    tokens: Vec<(String, String)>,
    /// What it said until it listened.
    said: String,
    rest: BufReader<std::process::ChildStderr>,
}

impl Started {
    fn new(folder: &Path, arguments: &[&str]) -> Started {
        let mut process = Command::new(SIGNALBOX)
            .arg("serve")
            .args(arguments)
            .arg("--config")
            .arg(folder.join("signalbox.toml"))
            .env("RUST_LOG", "trace")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut rest = BufReader::new(process.stderr.take().unwrap());
        let (mut said, mut tokens) = (String::new(), Vec::new());
        let url = loop {
            let mut line = String::new();
            assert!(rest.read_line(&mut line).unwrap() > 0, "{said}");
            said.push_str(&line);
            let mut words = line.split_whitespace();
            if let (Some(principal), Some(token)) = (words.next(), words.next())
                && token.starts_with("sbt_")
            {
                tokens.push((principal.to_owned(), token.to_owned()));
            }
            if line.contains("listening") {
                let address = line.split("http://").nth(1).unwrap();
                let port: String = address
                    .split(':')
                    .nth(1)
                    .unwrap()
                    .chars()
                    .take_while(char::is_ascii_digit)
                    .collect();
                break format!("http://127.0.0.1:{port}");
            }
        };
        Started {
            process,
            url,
            tokens,
            said,
            rest,
        }
    }

    fn ask(&self, token: &str, arguments: &str) -> Output {
        let mut command = command(&self.url, arguments);
        command.env("SIGNALBOX_TOKEN", token).output().unwrap()
    }

    /// Ends it; everything that it said.
    fn stop(mut self) -> String {
        let id = self.process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(asked.success());
        let mut said = self.said;
        for line in self.rest.lines() {
            said.push_str(&line.unwrap());
            said.push('\n');
        }
        assert!(self.process.wait().unwrap().success(), "{said}");
        said
    }
}

fn error(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Every byte of every file below.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            bytes.extend(bytes_below(&entry.path()));
        } else {
            bytes.extend(std::fs::read(entry.path()).unwrap());
        }
    }
    bytes
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn the_first_token_is_shown_once_and_its_secret_is_nowhere_else() {
    let folder = folders("");
    let host = Started::new(folder.path(), &[]);
    let [(name, token)] = host.tokens.as_slice() else {
        panic!("{}", host.said);
    };
    let (name, token) = (name.clone(), token.clone());
    assert_eq!(name, "admin");
    let who = out(&host.ask(&token, "whoami"));
    assert!(
        who.contains("admin") && who.contains("manage principals and tokens"),
        "{who}"
    );
    out(&host.ask(&token, "principal put oms --grant service --reason shop"));
    let made = out(&host.ask(&token, "token create oms --expires-in 2h"));
    let service = made.trim().to_owned();
    assert!(out(&host.ask(&service, "whoami")).contains("ask for decisions"));
    let refused = error(&host.ask(&service, "token list"));
    assert!(
        refused.contains("oms may not see principals and tokens"),
        "{refused}"
    );
    assert!(refused.contains("signalbox whoami"), "{refused}");
    let said = host.stop();

    // A restart keeps tokens, and has nothing to show.
    let host = Started::new(folder.path(), &[]);
    assert!(host.tokens.is_empty(), "{}", host.said);
    let list = out(&host.ask(&token, "token list"));
    let id = service.split('_').nth(1).unwrap();
    assert!(list.contains(id) && list.contains("valid"), "{list}");
    out(&host.ask(&token, &format!("token revoke {id} --reason lost")));
    let refused = error(&host.ask(&service, "whoami"));
    assert!(
        refused.contains("revoked") && refused.contains("signalbox login"),
        "{refused}"
    );
    let said = said + &host.stop();

    let kept = bytes_below(folder.path());
    assert!(contains(&kept, "token_created"), "the ledger was not looked at");
    let secret = |token: &str| token.rsplit('_').next().unwrap().to_owned();
    for (token, shown) in [(&token, 1), (&service, 0)] {
        assert_eq!(said.matches(&secret(token)).count(), shown);
        assert!(!contains(&kept, &secret(token)), "a secret is on the disk");
    }
}

#[test]
fn a_lost_admin_token_is_replaced_by_whoever_starts_the_host() {
    let folder = folders("");
    Started::new(folder.path(), &[]).stop();
    let host = Started::new(folder.path(), &["--new-admin-token"]);
    let (_, token) = host.tokens.first().unwrap();
    assert!(out(&host.ask(token, "whoami")).contains("admin"));
    host.stop();
}

#[test]
fn dev_shows_a_token_for_every_role_and_none_of_them_outlives_it() {
    let folder = folders("");
    let host = Started::new(folder.path(), &["--dev"]);
    assert!(host.said.contains("WARNING"), "{}", host.said);
    assert_eq!(host.tokens.len(), 6, "{}", host.said);
    let tokens = host.tokens.clone();
    for (name, token) in &tokens {
        let who = out(&host.ask(token, "whoami"));
        assert!(who.starts_with(name.as_str()), "{who}");
    }
    host.stop();
    let host = Started::new(folder.path(), &[]);
    for (_, token) in &tokens {
        error(&host.ask(token, "whoami"));
    }
    host.stop();
}

#[test]
fn dev_is_refused_where_others_can_come() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signalbox.toml");
    std::fs::write(
        &file,
        "[server]\nlisten = \"0.0.0.0:0\"\nallow_plain_http = true\n",
    )
    .unwrap();
    let refused = Command::new(SIGNALBOX)
        .args(["serve", "--dev", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    let refused = error(&refused);
    assert!(
        refused.contains("loopback") && !refused.contains("sbt_"),
        "{refused}"
    );
}

/// `signalbox login` with a token on standard input.
fn login(home: &Path, url: &str, token: &str) -> Output {
    let mut login = Command::new(SIGNALBOX)
        .args(["login", url])
        .env_remove("SIGNALBOX_TOKEN")
        .env("XDG_CONFIG_HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(login.stdin.take().unwrap(), "{token}").unwrap();
    login.wait_with_output().unwrap()
}

fn logged_in(home: &Path, arguments: &[&str]) -> Output {
    Command::new(SIGNALBOX)
        .args(arguments)
        .env_remove("SIGNALBOX_TOKEN")
        .env_remove("SIGNALBOX_SERVER")
        .env("XDG_CONFIG_HOME", home)
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn login_stores_a_token_that_only_its_owner_may_read() {
    let host = Served::start("").await;
    let (url, token) = (host.url(""), host.token.clone());
    tokio::task::spawn_blocking(move || {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("signalbox/credentials.toml");
        let wrong = format!("sbt_ffffffffffffffff_{}", "0".repeat(64));
        let refused = error(&login(home.path(), &url, &wrong));
        assert!(refused.contains("no token of this host"), "{refused}");
        assert!(!file.exists(), "what the host does not accept is not stored");

        let said = out(&login(home.path(), &url, &token));
        assert!(said.contains("as tests") && !said.contains(&token), "{said}");
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
        assert!(out(&logged_in(home.path(), &["whoami"])).starts_with("tests"));
        // Another host does not get to see it.
        let elsewhere = url.replace("127.0.0.1", "localhost");
        let other = error(&logged_in(home.path(), &["whoami", "--server", &elsewhere]));
        assert!(other.contains("no token was shown"), "{other}");

        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let open = error(&logged_in(home.path(), &["whoami"]));
        assert!(open.contains("may be used by others"), "{open}");
        out(&logged_in(home.path(), &["logout"]));
        assert!(!file.exists());
    })
    .await
    .unwrap();
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_signed_by_the_tokens_principal() {
    let host = Served::start("").await;
    out(&run(&host, "scope builtin routing --reason incident").await);
    let journal = host.folder().join("data/ledger.sqlite");
    let folder = host.end().await;
    let mut signed = Vec::new();
    let journal = signalbox_ledger::Journal::open_read_only(&journal).unwrap();
    journal
        .replay(|record| {
            if record.entry.event.kind() == "builtin_forced" {
                signed.push((record.entry.actor, record.entry.reason));
            }
        })
        .unwrap();
    assert_eq!(signed, [("tests".to_owned(), "incident".to_owned())]);
    drop(folder);
}
