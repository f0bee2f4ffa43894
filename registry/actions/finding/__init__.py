"""From what somebody knows of a child to the children who may be meant."""
