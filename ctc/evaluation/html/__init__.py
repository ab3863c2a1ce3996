"""Reports: self-contained HTML files, for people who don't program."""
