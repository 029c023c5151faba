//! A copy of the outcomes while they are being written.

use std::fs::File;
use std::path::Path;

use rusqlite::Connection;

use super::{OutcomeStore, OutcomesError, database, schema};

impl OutcomeStore {
    /// Copies the outcomes as they are at this moment to the new file `to`; who posts meanwhile is not held up. When this
    /// returns, the disk has the copy.
    ///
    /// # Errors
    /// [`OutcomesError`], also when there is a file `to`.
    pub fn copy_to(&self, to: &Path) -> Result<(), OutcomesError> {
        let failed = |e| database("back up", &self.path, e);
        // A connection of its own: a write waits for nobody in WAL mode, and neither does this.
        let connection = Connection::open(&self.path).map_err(failed)?;
        connection.busy_timeout(schema::BUSY_TIMEOUT).map_err(failed)?;
        let target = to.to_string_lossy().into_owned();
        connection.execute("VACUUM INTO ?1", [target]).map_err(failed)?;
        let write = |source| OutcomesError::Write {
            path: to.to_owned(),
            source,
        };
        File::open(to).and_then(|file| file.sync_all()).map_err(write)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(write)
    }
}
