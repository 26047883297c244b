"""The AWS API of the sandbox: an emulator with IAM enforced, and EKS on real control planes."""
