"""What a drill is made of: tweets in order of time, policies, alerts, and the score card."""
