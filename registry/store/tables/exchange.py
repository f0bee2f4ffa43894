"""What systems push to us and fetch from us: batches, subscriptions, deliveries."""

from __future__ import annotations
