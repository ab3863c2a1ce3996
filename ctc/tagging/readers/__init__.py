"""What prediction files, MegaDetector's boxes and review stores say of each photo."""
