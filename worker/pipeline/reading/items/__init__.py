"""Line items: which rows they are, and their parts."""
