"""Lists of photos: folders, tables, and the kinds of files."""
