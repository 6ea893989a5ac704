//! skeleton
pub mod config;
pub mod filter;
pub mod format;
pub mod judge;
pub mod model;
pub mod replay;
pub mod signature;
