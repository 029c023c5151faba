//! From core module to component, and onto the disk.

use std::io::Write;
use std::path::{Path, PathBuf};

use wit_component::ComponentEncoder;

use crate::error::at;
use crate::post_return;
use crate::{Guest, GuestBuildError};

/// A component on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltComponent {
    /// The guest's name.
    pub name: String,
    /// The guest's semantic version.
    pub version: String,
    /// Where it is: `<output>/<name>-<version>.wasm`.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
}

/// Encodes the core module at `module`, which carries its world in a custom section, and writes it to `output`.
pub(crate) fn write(guest: &Guest, module: &Path, output: &Path) -> Result<BuiltComponent, GuestBuildError> {
    let module_bytes = std::fs::read(module).map_err(at("read", module))?;
    let encode = || {
        ComponentEncoder::default()
            .validate(true)
            .module(&post_return::strip(&module_bytes)?)?
            .encode()
    };
    let bytes = encode().map_err(|source| GuestBuildError::Encode {
        guest: guest.name.clone(),
        source,
    })?;
    let path = output.join(format!("{}-{}.wasm", guest.name, guest.version));
    if !std::fs::read(&path).is_ok_and(|present| present == bytes) {
        std::fs::create_dir_all(output).map_err(at("create", output))?;
        replace(&path, &bytes, output).map_err(at("write", &path))?;
    }
    Ok(BuiltComponent {
        name: guest.name.clone(),
        version: guest.version.clone(),
        path,
        size: bytes.len() as u64,
    })
}

/// Writes by rename, so that whoever watches `folder` never sees half a component.
fn replace(path: &Path, bytes: &[u8], folder: &Path) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".component-")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        // Temporary files are made for their owner only; a component is no secret.
        use std::os::unix::fs::PermissionsExt;
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path)?;
    Ok(())
}
