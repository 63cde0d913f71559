"""What is asked of both masters."""
