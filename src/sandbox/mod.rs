//! The simulated SimplePod API. Its wire types are its own: it imports none of its neighbours.
