"""The network: a VPC with private subnets over two or three zones, and its NAT gateways."""
