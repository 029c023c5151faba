//! Where the data is.

use std::path::{Path, PathBuf};

use crate::error::HistoryError;

/// A folder that holds `olist/orders.ndjson.zst` and its neighbours.
#[derive(Clone, Debug)]
pub struct DataFolder(PathBuf);

/// The environment variable that names the data folder.
pub const DATA_VARIABLE: &str = "SIGNALBOX_DATA";

impl DataFolder {
    /// The folder named by `explicit`, else by the variable `SIGNALBOX_DATA`, else `shared/data` beside the working
    /// directory or beside one of the folders that hold it. A folder that is named but does not hold the data is an
    /// error; nothing else is tried then.
    ///
    /// # Errors
    /// [`HistoryError::NoFolder`] with every place looked at.
    pub fn find(explicit: Option<&Path>) -> Result<Self, HistoryError> {
        let variable = std::env::var_os(DATA_VARIABLE)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from);
        let candidates = match explicit.map(Path::to_path_buf).or(variable) {
            Some(named) => vec![named],
            None => neighbours(),
        };
        let found = candidates
            .iter()
            .find(|folder| folder.join("olist/orders.ndjson.zst").is_file());
        found
            .cloned()
            .map(DataFolder)
            .ok_or(HistoryError::NoFolder { looked: candidates })
    }

    /// The path of a file in the folder.
    pub fn file(&self, relative: &str) -> PathBuf {
        self.0.join(relative)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// `shared/data` in the working directory and in every folder that holds it, nearest first.
fn neighbours() -> Vec<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    here.ancestors()
        .map(|folder| folder.join("shared/data"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_folder_without_the_data_is_an_error_that_names_it() {
        let problem = DataFolder::find(Some(Path::new("/nonexistent/data"))).unwrap_err();
        assert!(problem.to_string().contains("/nonexistent/data"), "{problem}");
        assert!(problem.to_string().contains("SIGNALBOX_DATA"), "{problem}");
    }
}
