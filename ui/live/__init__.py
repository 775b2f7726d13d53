"""Live learning curves: the hub that reads the store, server-sent events, and the chart."""
