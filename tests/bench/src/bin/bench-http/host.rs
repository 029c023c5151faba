//! A real host in a process of its own: this same program, started again as `signalbox serve`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::load;

/// Set in the environment of a host, which then is one.
const MARK: &str = "SIGNALBOX_BENCH_HOST";
/// How long a policy may take to go live.
const WITHIN: Duration = Duration::from_secs(60);
/// USER_HZ, which Linux fixes at 100 for what /proc shows.
const TICKS_A_SECOND: f64 = 100.0;
/// How often is asked meanwhile.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Whether this process was started to be a host, or to compile for one.
pub fn is_host() -> bool {
    std::env::var_os(MARK).is_some() || signalbox_sandbox::is_compile_child()
}

/// A running host. Ends with this value.
pub struct Host {
    /// Where it listens.
    pub address: SocketAddr,
    /// By role.
    tokens: BTreeMap<String, String>,
    process: Child,
    folder: TempDir,
}

impl Host {
    /// Starts a host that decides routing with one of the repository's policies, or with the built-in one, and waits
    /// until it does.
    pub async fn start(policy: Option<&str>) -> Host {
        Host::start_with(policy, "").await
    }

    /// The same with more configuration.
    pub async fn start_with(policy: Option<&str>, more: &str) -> Host {
        let folder = TempDir::new().expect("a temporary folder");
        let policies = folder.path().join("policies");
        fs::create_dir(&policies).expect("a folder for policies");
        if let Some(policy) = policy {
            let (name, text) = signalbox_plugins::policies()
                .iter()
                .find(|(_, text)| text.contains(&format!("name = \"{policy}\"")))
                .expect("the repository has this policy");
            fs::write(policies.join(name), text).expect("the policy is written");
        }
        let config = folder.path().join("signalbox.toml");
        // The built-in policy without a log is the bare server: what everything else is a share of.
        let log = if policy.is_some() { "durable" } else { "off" };
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[folders]\npolicies = \"policies\"\ndata = \"data\"\n\
             [log]\nformat = \"json\"\n[decisions]\nlog = \"{log}\"\n{more}"
        );
        fs::write(&config, text).expect("the configuration is written");
        let mut process = Command::new(std::env::current_exe().expect("the program knows its own path"))
            // With a token for every role.
            .args(["serve", "--dev", "--config"])
            .arg(&config)
            .env(MARK, "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the host starts");
        let log = BufReader::new(process.stderr.take().expect("the host's log is piped"));
        let (address, tokens) = listening(log);
        let host = Host {
            address,
            tokens,
            process,
            folder,
        };
        host.wait_for(policy.unwrap_or("built-in")).await;
        host
    }

    /// Requests for this host, ready to be written to its socket.
    pub fn requests(&self, bodies: &[String]) -> Vec<Vec<u8>> {
        let request = |body: &String| {
            format!(
                "POST /v1/decisions/routing HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                self.address,
                self.token("service"),
                body.len()
            )
        };
        bodies.iter().map(|body| request(body).into_bytes()).collect()
    }

    fn token(&self, role: &str) -> &str {
        self.tokens.get(role).map_or("", String::as_str)
    }

    /// Writes a file into the watched folder.
    pub fn drop_file(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join("policies").join(name), text).expect("the policy is written");
    }

    /// Asks the API as who has this role; a JSON document back.
    pub async fn call(&self, role: &str, method: &str, path: &str, body: &str) -> Value {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            self.token(role),
            body.len()
        );
        let answer = load::once(self.address, request.as_bytes()).await;
        serde_json::from_slice(&answer).expect("the host answers in JSON")
    }

    /// CPU time that the host has used so far, in seconds, in user and kernel mode (proc(5), `stat`, fields 14 and 15).
    pub fn cpu_s(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("the host runs");
        // The second field is the program's name in brackets, which may hold anything.
        let (_, fields) = stat.rsplit_once(')').expect("proc(5)");
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().expect("proc(5)")).sum();
        ticks as f64 / TICKS_A_SECOND
    }

    /// Ends the host in order.
    pub fn stop(mut self) {
        let id = self.process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        if asked.is_ok_and(|status| status.success()) {
            // It finishes what is in flight, which is nothing.
            let _ = self.process.wait();
        }
    }

    async fn wait_for(&self, policy: &str) {
        let body = signalbox_bench::orders::orders(1, 2, 1)[0]
            .request_json()
            .to_string();
        let request = self.requests(&[body]).remove(0);
        let began = Instant::now();
        loop {
            let answer = load::once(self.address, &request).await;
            let answer: Value = serde_json::from_slice(&answer).expect("the host answers in JSON");
            if answer["policy"] == policy {
                return;
            }
            assert!(began.elapsed() < WITHIN, "{policy} does not go live: {answer}");
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // After `stop` it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where the host says that it listens, and a token for each role. Its log is read on, so that it never waits for a
/// reader.
fn listening(mut log: impl BufRead + Send + 'static) -> (SocketAddr, BTreeMap<String, String>) {
    let mut line = String::new();
    let mut tokens = BTreeMap::new();
    loop {
        line.clear();
        let read = log.read_line(&mut line).expect("the host's log is readable");
        assert!(read > 0, "the host ended before it listened");
        let of_role = line.trim().strip_prefix("dev-");
        if let Some((role, token)) = of_role.and_then(|rest| rest.split_once(char::is_whitespace)) {
            tokens.insert(role.to_owned(), token.trim().to_owned());
        }
        let entry: Value = serde_json::from_str(&line).unwrap_or_default();
        if entry["message"] == "listening" {
            let address = entry["address"].as_str().unwrap_or_default();
            let address = address.trim_start_matches("http://").parse().expect("an address");
            std::thread::spawn(move || log.lines().map_while(Result::ok).for_each(drop));
            return (address, tokens);
        }
    }
}
