"""Click options and parameter types shared by several commands."""
