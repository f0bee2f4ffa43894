"""Accounts and clients, and how they prove who they are."""
