"""The main script, the layout and the server's lifespan."""
