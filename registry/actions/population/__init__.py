"""What the population database says of links: states, the queue of questions, findings and problem lists."""
