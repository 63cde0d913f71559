"""Actors for asyncio, after Akka."""
