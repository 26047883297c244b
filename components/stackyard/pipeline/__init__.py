"""Pipeline: from new data to a served model, with a person's yes in between."""
