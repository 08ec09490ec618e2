//! Modules, variables and blocks: from the files of a directory to a Configuration.
