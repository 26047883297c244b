"""What tests of several folders share: estates, shells, contracts, clients, sandboxes."""
