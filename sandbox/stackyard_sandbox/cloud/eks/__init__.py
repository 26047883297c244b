"""The EKS API on real control planes: what the emulator does not have, or has without effect."""
