"""What CloudFormation's registry says of the declared resources, as `cfn-lint` brings it along."""
