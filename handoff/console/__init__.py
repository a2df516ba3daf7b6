"""What the agents' pages talk to: routes, live hints, and the shapes of both."""
