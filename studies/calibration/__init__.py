"""The calibration study: do intervals hold known boundaries as often as they say."""
