//! The HTTP transport: reqwest, TLS, limits. The only room that names reqwest.
