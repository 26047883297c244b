"""The pipeline from new data to a served model, with a person's approval in between."""
