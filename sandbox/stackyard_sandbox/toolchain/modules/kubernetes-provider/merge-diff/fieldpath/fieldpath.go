// Package fieldpath gives the provider version 6, as the client libraries of Kubernetes have it.
package fieldpath

import "sigs.k8s.io/structured-merge-diff/v6/fieldpath"

// Set and Path are those of version 6.
type (
	Set  = fieldpath.Set
	Path = fieldpath.Path
)

// MakePath is that of version 6.
func MakePath(parts ...any) (Path, error) {
	return fieldpath.MakePath(parts...)
}
