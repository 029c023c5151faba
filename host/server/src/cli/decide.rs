//! `signalbox decide`.

use std::io::Read;
use std::path::Path;

use super::arguments::Decide;
use super::client::Client;
use super::error::CliError;
use super::table;

pub(super) async fn run(client: &Client, options: &Decide) -> Result<(), CliError> {
    let body = read(&options.file)?;
    let answer = client
        .post_raw(&["v1", "decisions", options.domain.as_str()], body)
        .await?;
    table::print(&table::pretty(&answer))
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let unreadable = |source| CliError::Unreadable {
        file: file.to_owned(),
        source,
    };
    if file.as_os_str() == "-" {
        let mut body = Vec::new();
        std::io::stdin().read_to_end(&mut body).map_err(unreadable)?;
        return Ok(body);
    }
    std::fs::read(file).map_err(unreadable)
}
