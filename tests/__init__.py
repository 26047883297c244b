"""Tests of Stackyard: `unit`, `stacks`, `engine` and `e2e`, and what they share in `support`."""
