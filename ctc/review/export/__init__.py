"""Back into the data: people's answers as an inventory, or in predictions of any format."""
