"""What customers are told of their case while they wait, and after it is resolved."""
