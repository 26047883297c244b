// Command pulumi-resource-kubernetes is the official Kubernetes provider of Pulumi.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

// The version of its module in go.mod.
const version = "4.0.0-20260115033456-f47bc2d6f199"

func main() {
	// The full schema is for generating SDKs: no run reads more of it than the name.
	schema := []byte(`{"name":"kubernetes","version":"` + version + `"}`)
	provider.Serve("kubernetes", version, schema, []byte("{}"))
}
