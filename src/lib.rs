//! skeleton
pub mod call;
pub mod cli;
pub mod config;
pub mod filter;
pub mod format;
pub mod input;
pub mod judge;
pub mod model;
pub mod output;
pub mod query;
pub mod replay;
pub mod scan;
pub mod session;
pub mod signature;
