//! The SimplePod API: wire types, client, retry.
