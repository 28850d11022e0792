"""From events to scores, grades and exports."""
