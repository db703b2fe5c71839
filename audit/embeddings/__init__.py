"""Embeddings: files of vectors in clip-retrieval's layout.

``embed``, ``embed_part``  images to vectors, resumable
``units``, ``superseded``  which part is made of what; what was fetched again counts once
``problems``               images that could not be used, by name
``files``, ``folder``      the layout: written, and read (also what others wrote)
``mapped``                 arrays mapped from files, however many
``places``                 where a dataset keeps them
``originals``              back from an embedded image to the bytes it was made of
"""
