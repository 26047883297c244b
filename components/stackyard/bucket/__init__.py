"""The private bucket that every component uses, and statements of IAM policies about buckets."""
