//! Entry map.
