"""An independent writer of small Curt files, for the golden vectors."""
