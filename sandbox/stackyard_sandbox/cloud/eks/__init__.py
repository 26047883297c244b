"""Implements the EKS API that moto lacks, on real control planes."""
