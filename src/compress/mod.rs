//! From a posterior to encodings and a graph: one file per method.
