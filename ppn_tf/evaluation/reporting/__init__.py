"""The parts of the report page: numbers, figures and pictures of one or several runs."""
