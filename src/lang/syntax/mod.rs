//! Terraform's syntax over the text alone: its words ([`scan`], [`token`]) and what may stand where ([`grammar`]). The
//! formatter writes from it, and the parser lets it judge what the syntax crate reads otherwise.

pub(in crate::lang) mod grammar;
pub(in crate::lang) mod scan;
pub(in crate::lang) mod token;
