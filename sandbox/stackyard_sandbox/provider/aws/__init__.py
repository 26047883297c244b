"""The provider of the `aws` package, on the sandbox's emulator: one file per service.

`cloud` holds the clients, `resource` what a handler of a resource type is, `catalogue` which
handler serves which token, `servicer` the engine's side, `differences` what changed.
"""
