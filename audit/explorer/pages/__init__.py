"""The pages of the explorer, as HTML. They know nothing of how numbers are made.

``layout``   what all pages share
``start``    the dataset
``concept``  counts of a concept, its matches and its labelling tasks
``samples``  lists of samples
``label``    one sample to label
"""
