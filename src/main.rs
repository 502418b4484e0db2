//! The `stylet` program: arguments, logger, window.

fn main() {}
