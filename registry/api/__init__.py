"""The interface for systems: JSON under `/v1`, described by OpenAPI, refusals as problem documents."""
