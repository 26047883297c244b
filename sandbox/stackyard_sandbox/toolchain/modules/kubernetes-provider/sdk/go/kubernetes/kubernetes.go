// Package kubernetes holds the only type of the Go SDK's root that the provider names.
package kubernetes

import "reflect"

// UntypedArgs are the inputs of an object whose kind has no typed arguments.
type UntypedArgs map[string]any

// ElementType makes the arguments an input.
func (UntypedArgs) ElementType() reflect.Type {
	return reflect.TypeOf((*map[string]any)(nil)).Elem()
}
