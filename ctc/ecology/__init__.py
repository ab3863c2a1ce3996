"""Figures of a study: independent records, effort, rates, histories, activity."""
