"""What the commands do that are no flows: start servers, register schedules, serve, replay."""
