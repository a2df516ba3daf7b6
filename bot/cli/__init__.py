"""The `frontline` command. Results go to standard output, everything else to standard error."""
