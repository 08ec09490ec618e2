//! The configuration language: values, types, conversion, evaluation, functions, references, parsing.
