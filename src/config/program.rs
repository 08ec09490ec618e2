//! Everything that an evaluation is made of.

use super::graph::Graph;
use super::inputs::Inputs;
use super::model::Configuration;

/// A configuration with its inputs: everything that evaluation needs.
pub struct Program {
    /// The configuration.
    pub configuration: Configuration,
    /// Its order.
    pub graph: Graph,
    /// Root variables.
    pub inputs: Inputs,
}
