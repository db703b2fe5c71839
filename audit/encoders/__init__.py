"""Encoders: what turns images, and some words too, into vectors.

``encoder``      what an encoder is, and where encoders are found
``thumbnail``    one module an encoder
"""
