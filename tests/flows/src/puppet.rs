//! Guests that say what a test wants them to say.

use signalbox_contract::Tables;

use crate::Host;
use crate::policies::policy_toml;

/// Lets a policy called `puppet-{domain}` go live that gives the request with seed `n` the `n`-th of `answers`.
pub async fn go_live(host: &Host, domain: &str, answers: &[Tables]) {
    let guest = format!("guest-puppet-{domain}");
    let file = format!("{guest}-1.0.0.wasm");
    host.drop_file(&file, signalbox_guests::component(&guest));
    let cells = |answer: &Tables| {
        format!(
            "  {{ narrow = {:?}, wide = {:?} }},\n",
            answer.narrow, answer.wide
        )
    };
    let answers: String = answers.iter().map(cells).collect();
    let policy = format!("puppet-{domain}");
    let toml = policy_toml(
        &policy,
        "1.0.0",
        domain,
        &file,
        &format!("answers = [\n{answers}]\n"),
    );
    host.go_live(&policy, "1.0.0", &toml).await;
}
