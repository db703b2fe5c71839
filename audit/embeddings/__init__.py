"""Embeddings: encoders, and files of vectors in clip-retrieval's layout.

``encoder``              what an encoder is, and where encoders are found
``thumbnail``            one module an encoder
``embed``, ``embed_part``  images to vectors, resumable
``files``, ``folder``    the layout: written, and read (also what others wrote)
"""
