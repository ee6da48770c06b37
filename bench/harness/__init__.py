"""What the measurements share: servers on one core, load on another, CPU time and memory, tables."""
