"""Results of tracking: overlay videos and tables of joints."""
