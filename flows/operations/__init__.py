"""What the commands do that are not flows: start servers, register schedules, serve, replay."""
