"""The lake: connection, writer lock, releases and the gate every written table passes."""
