//! Reads live state, and settles what is in doubt.
