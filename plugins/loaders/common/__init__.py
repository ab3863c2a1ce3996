"""What the loaders share: records, sampling order, augmentation draws, labels."""
