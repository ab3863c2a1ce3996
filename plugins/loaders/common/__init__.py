"""Parts that all loaders share: records, sampling order, augmentation parameters, labels."""
