//! Tables of every command.
