"""The provider of the `aws` package, with the sandbox's emulator: one file per service.

`cloud` has the clients, `resource` the base class of handlers, `catalogue` the handler of each type
token, `servicer` the gRPC service, `differences` the comparison of inputs.
"""
