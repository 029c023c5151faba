//! Guests that say what a test wants them to say.

use signalbox_contract::Tables;

use crate::Host;
use crate::policies::policy_toml;

/// Lets a policy called `puppet-{domain}` go live that gives the request with seed `n` the `n`-th of `answers`.
pub async fn go_live(host: &Host, domain: &str, answers: &[Tables]) {
    host.drop_file(&file(domain), component(domain));
    let toml = toml(domain, "1.0.0", answers);
    host.go_live(&format!("puppet-{domain}"), "1.0.0", &toml).await;
}

/// A version of that policy.
pub fn toml(domain: &str, version: &str, answers: &[Tables]) -> String {
    let cells = |answer: &Tables| {
        format!(
            "  {{ narrow = {:?}, wide = {:?} }},\n",
            answer.narrow, answer.wide
        )
    };
    let answers: String = answers.iter().map(cells).collect();
    policy_toml(
        &format!("puppet-{domain}"),
        version,
        domain,
        &file(domain),
        &format!("answers = [\n{answers}]\n"),
    )
}

/// Its component.
pub fn component(domain: &str) -> &'static [u8] {
    signalbox_guests::component(&format!("guest-puppet-{domain}"))
}

/// The file that its versions expect the component in.
pub fn file(domain: &str) -> String {
    format!("guest-puppet-{domain}-1.0.0.wasm")
}
