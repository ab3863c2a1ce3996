"""What a photo's header says: time, place, camera, size."""
