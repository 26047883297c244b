"""Code of the Lambda function; it imports no package of Stackyard, as Lambda has none."""
