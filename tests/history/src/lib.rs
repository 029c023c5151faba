//! Real retail history turned into decision requests.
//!
//! [`History`] holds past orders, sellers and who sold what: read from the Olist files of the data folder, or drawn by a
//! seeded generator with the distributions that the folder's README states. [`Model`] turns an order into a routing
//! request, and a month of orders into allocation requests; [`returns`] turns UCI cancellations into returns requests.
//! What is real and what is modelled is written down in `MODEL.md`, is marked in every request by attributes, and is
//! counted by [`Shares`]. The same seed and the same files give the same requests.

pub mod allocation;
mod draw;
mod error;
mod folder;
mod generate;
mod history;
pub mod model;
mod olist;
pub mod outcomes;
pub mod returns;
mod sample;
mod shape;

pub use draw::{Draw, Draws};
pub use error::HistoryError;
pub use folder::DataFolder;
pub use generate::generate;
pub use history::{History, Listing, Origin, PastItem, PastOrder, Seller};
pub use model::{Model, PastRequest, Reality};
pub use sample::{Sample, SampledOrder};
pub use shape::{Shape, Shares};
