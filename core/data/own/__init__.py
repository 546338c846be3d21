"""A person's own images: what is offered, drafts, and the data sets made of them."""
