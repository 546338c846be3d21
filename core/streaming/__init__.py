"""Scoring more images than fit into the memory: shard by shard, each written once."""
