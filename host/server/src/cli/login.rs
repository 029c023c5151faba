//! `signalbox login`, `signalbox logout` and `signalbox whoami`.

use reqwest::Url;

use super::arguments::{Connect, Format, Login};
use super::client::Client;
use super::credentials::{self, Target};
use super::error::CliError;
use super::principals::grants;
use super::table;
use crate::api::WhoAmI;

/// Stores a token once the host has accepted it.
pub(super) async fn login(connect: &Connect, options: &Login) -> Result<(), CliError> {
    let target = Target {
        server: options.url.trim_end_matches('/').to_owned(),
        ca: connect.ca.clone(),
        token: Some(credentials::ask(connect)?),
    };
    if in_the_clear(&target.server) {
        eprintln!(
            "warning: {} is not encrypted: whoever is on the way can read the token; use https",
            target.server
        );
    }
    let who: WhoAmI = Client::new(&target)?.get(&["v1", "whoami"]).await?;
    let file = target.store()?;
    table::print(&format!(
        "logged in to {} as {} until {}; stored in {}",
        target.server,
        who.principal,
        who.expires_at,
        file.display()
    ))
}

pub(super) fn logout() -> Result<(), CliError> {
    match credentials::forget()? {
        Some(file) => table::print(&format!(
            "{} is removed; the token itself is valid until it expires or `signalbox token revoke` is called",
            file.display()
        )),
        None => table::print("nothing was stored"),
    }
}

pub(super) async fn whoami(client: &Client, format: &Format) -> Result<(), CliError> {
    let path = ["v1", "whoami"];
    if format.json {
        return table::print(&client.get_text(&path).await?);
    }
    let who: WhoAmI = client.get(&path).await?;
    let permissions: Vec<&str> = who
        .permissions
        .iter()
        .map(|permission| permission.in_words())
        .collect();
    table::print(&format!(
        "{}\n  roles  {}\n  may    {}\n  token  {}, until {}",
        who.principal,
        grants(&who.grants),
        permissions.join(", "),
        who.token_id,
        who.expires_at
    ))
}

/// Whether a token would cross a network unencrypted.
fn in_the_clear(server: &str) -> bool {
    let Ok(url) = server.parse::<Url>() else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback());
    url.scheme() == "http" && !is_here
}

#[cfg(test)]
mod tests {
    use super::in_the_clear;

    #[test]
    fn only_what_leaves_this_machine_unencrypted_is_warned_of() {
        assert!(in_the_clear("http://signalbox.example"));
        assert!(in_the_clear("http://10.0.0.7:8080"));
        for safe in [
            "https://signalbox.example",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
            "http://localhost",
        ] {
            assert!(!in_the_clear(safe), "{safe}");
        }
    }
}
