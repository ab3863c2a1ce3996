"""Events to predict, from photos, folders, CSV files and inventories."""
