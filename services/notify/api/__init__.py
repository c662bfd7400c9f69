"""notify over HTTP."""
