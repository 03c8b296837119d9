"""Routing: who should handle the lead, and why?"""
