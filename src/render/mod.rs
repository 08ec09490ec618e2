//! Plan, diff and events as text and JSON.
