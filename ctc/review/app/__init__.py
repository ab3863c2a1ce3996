"""The page of `ctc review`: a server for people's answers."""
