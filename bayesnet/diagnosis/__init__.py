"""One case: beliefs, reasons, doubt and advice."""
