//! Graph, diff, actions, planner and plan checker.
