"""How scores are made of counted facts. Pure: figures and policy in, a score that explains itself out."""
