"""The process and its surroundings: environment, signals, progress, errors, servers, state folder, atomic files."""
