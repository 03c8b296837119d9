"""Tests of the capture layer."""
