"""What a worker process does, one stage each: reads the level below, calls pure steps, writes through the store."""
