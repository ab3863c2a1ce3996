"""Where events to predict come from: folders, tables, inventories, bursts."""
