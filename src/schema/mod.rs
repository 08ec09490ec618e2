//! Resource and data source tables: attributes, their types, and what a change of each means.
