//! A policy file that is to be released: the host must have admitted exactly what it says.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use signalbox_domain::Digest;
use signalbox_domain::events::PolicyVersion;
use signalbox_domain::policy_file::{PluginChoice, PolicyFile};

use super::client::Client;
use super::error::CliError;
use crate::api::{VersionList, VersionView};

/// The version in `file`, if the host has admitted it with this content.
pub(super) async fn admitted(client: &Client, file: &Path) -> Result<PolicyVersion, CliError> {
    let unreadable = |source| CliError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let text = fs::read_to_string(file).map_err(unreadable)?;
    let policy = PolicyFile::parse(&file.display().to_string(), &text)
        .map_err(|problem| CliError::Report(problem.to_string()))?;
    let version = policy.version.clone();
    let list: VersionList = client.get(&["v1", "policies"]).await?;
    let known = list.versions.iter().find(|view| {
        view.digest.is_some()
            && view.policy.as_ref() == Some(&version.policy)
            && view.version.as_ref() == Some(&version.version)
    });
    let known = known.ok_or_else(|| CliError::Report(not_admitted(&version, file)))?;
    let component = beside(&policy, file)?;
    compare(&policy, known, component).map_err(CliError::Report)?;
    Ok(version)
}

/// The digest of the component beside the file; none when it is not there.
fn beside(policy: &PolicyFile, file: &Path) -> Result<Option<Digest>, CliError> {
    let name = match &policy.plugin {
        PluginChoice::Named { name, version } => format!("{name}-{version}.wasm"),
        PluginChoice::File { file } => file.clone(),
    };
    let path = file.parent().unwrap_or(Path::new("")).join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(Digest::of(&bytes))),
        Err(problem) if problem.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CliError::Unreadable { file: path, source }),
    }
}

fn compare(policy: &PolicyFile, known: &VersionView, component: Option<Digest>) -> Result<(), String> {
    let version = &policy.version;
    let (Some(bound), Some(plugin)) = (known.digest, &known.plugin) else {
        return Ok(());
    };
    let component = component.unwrap_or(plugin.digest);
    if component != plugin.digest {
        return Err(format!(
            "the host has admitted {version} with the component {}, the one beside the file is {component}; give the \
             changed plugin and the policy new versions",
            plugin.digest
        ));
    }
    let found = policy.digest(component);
    if found != bound {
        return Err(format!(
            "the host has admitted {version} as {bound}, the file says {found}: that name and version are bound for ever; \
             give the changed policy a new version"
        ));
    }
    Ok(())
}

fn not_admitted(version: &PolicyVersion, file: &Path) -> String {
    format!(
        "the host has not admitted {version}: copy {} and its component into the host's watched folder first; `signalbox \
         policies {}` shows what became of it",
        file.display(),
        version.policy
    )
}

#[cfg(test)]
mod tests {
    use signalbox_domain::Timestamp;

    use super::*;
    use crate::api::PluginName;

    fn policy(parameter: u32) -> PolicyFile {
        let text = format!(
            "[policy]\nname = \"p\"\nversion = \"1.0.0\"\ndomain = \"routing\"\n\n[policy.plugin]\nfile = \"p.wasm\"\n\n\
             [parameters]\nnumber = {parameter}\n\n[governance]\nowner = \"a\"\ndeputy = \"b\"\nrisk_tier = \"low\"\n\
             review_by = 9999-12-31\n"
        );
        PolicyFile::parse("p.toml", &text).unwrap()
    }

    fn known(policy: &PolicyFile, component: Digest) -> VersionView {
        VersionView {
            policy: Some("p".into()),
            version: Some(policy.version.version.clone()),
            domain: None,
            plugin: Some(PluginName {
                name: "p".into(),
                version: policy.version.version.clone(),
                digest: component,
            }),
            digest: Some(policy.digest(component)),
            state: "admitted".into(),
            scopes: Vec::new(),
            waiting_for: None,
            rejection: None,
            withdrawal: None,
            first_seen: Timestamp(0),
            file: "p.toml".into(),
        }
    }

    #[test]
    fn a_file_is_what_was_admitted_only_with_the_same_content_and_component() {
        let component = Digest::of(b"component");
        let known = known(&policy(1), component);
        assert_eq!(compare(&policy(1), &known, Some(component)), Ok(()));
        assert_eq!(compare(&policy(1), &known, None), Ok(()));
        let other_text = compare(&policy(2), &known, Some(component)).unwrap_err();
        assert!(
            other_text.contains("give the changed policy a new version"),
            "{other_text}"
        );
        let other_component = compare(&policy(1), &known, Some(Digest::of(b"other"))).unwrap_err();
        assert!(
            other_component.contains("the one beside the file"),
            "{other_component}"
        );
    }
}
