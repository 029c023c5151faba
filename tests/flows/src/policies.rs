//! Policy files for tests.

/// A policy version as text: `[policy]` of that name and version over the component `file`, with `parameters` as the body
/// of `[parameters]` in TOML.
pub fn policy_toml(name: &str, version: &str, domain: &str, file: &str, parameters: &str) -> String {
    format!(
        "[policy]\nname = \"{name}\"\nversion = \"{version}\"\ndomain = \"{domain}\"\n\n\
         [policy.plugin]\nfile = \"{file}\"\n\n[parameters]\n{parameters}\n\n\
         [governance]\nowner = \"merchandising\"\ndeputy = \"fulfilment\"\n\
         risk_tier = \"low\"\nreview_by = 9999-12-31\n\n\
         [rollout]\nimmediate = true\n"
    )
}

/// The hostile guest doing `act` when it decides.
pub fn hostile_toml(version: &str, act: &str) -> String {
    policy_toml(
        "hostile",
        version,
        "routing",
        HOSTILE_FILE,
        &format!("decide = \"{act}\""),
    )
}

/// The file name that tests drop the hostile guest's component under.
pub const HOSTILE_FILE: &str = "guest-hostile-1.0.0.wasm";
