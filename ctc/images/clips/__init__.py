"""Clips: videos whose frames stand where photos may stand, as `clip.mp4#t=3.2`."""
