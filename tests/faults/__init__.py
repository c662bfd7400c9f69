"""What is done to real processes and servers, and what must hold afterwards: `make faults`, README.md."""
