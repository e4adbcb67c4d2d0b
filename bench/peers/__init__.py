"""Other engines beside ours: the same flow, the same run, the hash of each one's trades."""
