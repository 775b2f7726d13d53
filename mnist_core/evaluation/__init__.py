"""Model evaluation: metrics, confidence intervals, calibration, curves, overfitting criteria."""
