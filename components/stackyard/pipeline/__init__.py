"""The pipeline from new data to a served model, with a person's approval before the release."""
