"""Networks of Keras read as data: a description of layers and arrays of numbers.

Nothing in a file is executed: no pickle, no `Lambda`, no class or function that a file names by its
module. Layers are built here, from a list of known ones, and only their numbers and plain options
come from the file (compare CVE-2024-3660, CVE-2025-1550, CVE-2025-9905, all of Keras's loaders).
"""
