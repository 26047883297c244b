"""Programs that run inside pods, in an image that has Python, boto3 and psycopg2.

They go there through a ConfigMap as they are, so they import nothing of Stackyard.
"""
