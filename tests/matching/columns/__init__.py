"""Tests of models that declare their columns."""
