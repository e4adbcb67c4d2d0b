"""HTTP as the agents serve it: problems as documents, a server that stops cleanly."""
