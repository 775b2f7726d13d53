"""The live chart: the hub that reads the store, the event stream, and the chart itself."""
