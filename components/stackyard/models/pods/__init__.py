"""The program that copies registered models; it runs in a pod that has MLflow and boto3."""
