//! The program itself, in a process of its own, for tests that take its disk away or end it by force.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;

/// How many principals `--dev` makes, one for each role.
const DEV_PRINCIPALS: usize = 6;

/// `signalbox serve --dev` in a folder that [`crate::Host::folder`] made.
pub struct Program {
    child: Child,
    url: String,
    tokens: BTreeMap<String, String>,
    drain: Option<JoinHandle<()>>,
}

impl Program {
    /// Starts `program` and waits until it says where it listens and hands out tokens. A write that its file may not hold is
    /// an error for it, no signal.
    pub fn start(program: &str, folder: &Path) -> Program {
        let mut child = Command::new("sh")
            .args(["-c", "ulimit -c 0; trap '' XFSZ; exec \"$0\" \"$@\"", program])
            .args(["serve", "--dev", "--config"])
            .arg(folder.join("signalbox.toml"))
            .env("NO_COLOR", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut said, mut tokens, mut url) = (Vec::new(), BTreeMap::new(), None);
        while url.is_none() || tokens.len() < DEV_PRINCIPALS {
            let Some(Ok(line)) = lines.next() else {
                panic!("the program ended: {:#?}", said);
            };
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [name, token] = words.as_slice()
                && token.starts_with("sbt_")
            {
                tokens.insert((*name).to_owned(), (*token).to_owned());
            }
            if let Some((_, rest)) = line.split_once("signalbox login ") {
                url = rest.split('`').next().map(str::to_owned);
            }
            said.push(line);
        }
        // A full pipe would hold the program up.
        let drain = std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Program {
            child,
            url: url.unwrap(),
            tokens,
            drain: Some(drain),
        }
    }

    /// The address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A client that shows the token of `dev-{role}`.
    pub fn client(&self, role: &str) -> reqwest::Client {
        let token = &self.tokens[&format!("dev-{role}")];
        let headers = HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {token}").parse().unwrap())]);
        let client = reqwest::Client::builder().default_headers(headers);
        client.build().unwrap()
    }

    /// Asks for what stands at `path`; status and body.
    pub async fn get(&self, role: &str, path: &str) -> (u16, Value) {
        answered(self.client(role).get(self.url(path))).await
    }

    /// Sends a body; status and body.
    pub async fn post(&self, role: &str, path: &str, body: &Value) -> (u16, Value) {
        answered(self.client(role).post(self.url(path)).json(body)).await
    }

    /// Asks for what stands at `path` until it fits.
    pub async fn until(&self, role: &str, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let begun = std::time::Instant::now();
        loop {
            let (status, found) = self.get(role, path).await;
            if status == 200 && fits(&found) {
                return found;
            }
            assert!(
                begun.elapsed().as_secs() < 120,
                "waited in vain at {path}: {found:#}"
            );
            tokio::task::yield_now().await;
        }
    }

    /// From now on the program can write no file any further (`true`), as on a full disk, or can again.
    pub fn disk_is_full(&self, full: bool) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        let limit = Rlimit {
            current: full.then_some(0),
            maximum: None,
        };
        prlimit(Some(pid), Resource::Fsize, limit).unwrap();
    }

    /// `kill -9`; returns once it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _killed = self.child.kill();
        let _gone = self.child.wait();
        if let Some(drain) = self.drain.take() {
            let _done = drain.join();
        }
    }
}

/// A process never outlives its test.
impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

async fn answered(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}
