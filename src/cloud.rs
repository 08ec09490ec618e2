//! The one trait between us and the API.
