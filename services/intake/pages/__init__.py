"""intake's pages: for residents, who need neither an account nor a script."""
