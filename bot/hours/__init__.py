"""Opening hours: calendars, holidays, and answers to "are you open on …?"."""
