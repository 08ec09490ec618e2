//! Decimal dollars.
