//! Requirements, placement, cost and budget.
