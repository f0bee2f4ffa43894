"""Lists of children that leave the registry: asked for, agreed to, handed out, traced."""
