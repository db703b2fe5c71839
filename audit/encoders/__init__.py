"""Encoders: what turns images, and some words too, into vectors.

``encoder``    what an encoder is, and where encoders are found
``pictures``   how a picture is resized and cut for a network
``networks``   what encoders that run on torch share; ``torchvision_repair``: importing it

An encoder each: ``thumbnail`` and ``hog`` need no weights, ``imagenet`` and ``faces`` have theirs
from packages, ``open_clip`` loads any of that library's models.
"""
