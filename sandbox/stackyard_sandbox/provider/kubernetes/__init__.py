"""The provider of the `kubernetes` package: real API servers on loopback, server-side apply.

It behaves like the official provider (github.com/pulumi/pulumi-kubernetes, v4) for what the
components use, and refuses the rest: Helm, Kustomize, YAML rendering, `*Patch` and `*List` types.
"""
