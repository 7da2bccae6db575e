"""What text formats share: fields, numbers, stamps, forms, and the frames that loggers put around them."""
