"""How good a model is: scores, intervals, calibration, curves, and where overfitting begins."""
