"""Questions that HTTP and pages both ask: tables in, an answer with its words out."""
