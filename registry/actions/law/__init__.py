"""Duties of the law: bases, consents, requests, retention, holds, breaches."""
