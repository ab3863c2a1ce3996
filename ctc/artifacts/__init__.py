"""The nouns that stages leave on disk and hand to each other: types, paths and (de)serialisation,
no algorithms."""
