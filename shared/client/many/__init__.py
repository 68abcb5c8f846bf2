"""Many jobs at once, cut into as many calls as that takes."""
