"""What takes long, computed in processes of its own: tasks, their results on disk, the workers."""
