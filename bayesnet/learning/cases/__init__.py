"""What a case is, and the files that cases come in and go out by."""
