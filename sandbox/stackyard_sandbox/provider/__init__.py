"""The gRPC providers of the `aws` and `kubernetes` packages that the engine attaches to.

`protocol` turns wire structures into plain data, `server` answers what every package answers alike,
`schema` checks inputs against the SDK's own types.
"""
