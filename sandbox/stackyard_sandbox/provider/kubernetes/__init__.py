"""The provider of the `kubernetes` package: real API servers on loopback, server-side apply.

It behaves like the official provider (github.com/pulumi/pulumi-kubernetes, v4) for what the
components use, and refuses the rest: Kustomize, YAML rendering, `*Patch` and `*List` types, and
Helm charts that are not in the Go modules of the sandbox's own programs.
"""
