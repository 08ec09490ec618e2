//! Runs a plan: executor and rent protocol.
