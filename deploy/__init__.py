"""How Lianxin is brought to run: locally without Docker, in containers, and as a demo county."""
