"""Review: a person looks at predictions, and their answers become labels."""
