"""The gRPC providers of the `aws` and `kubernetes` packages, to which the engine attaches.

`protocol` converts wire structures to plain data, `server` has the methods that all packages share,
`schema` checks inputs with the SDK's own types.
"""
