"""One member of the verifier committee: checks a claim by itself and signs what it found right."""
